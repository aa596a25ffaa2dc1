"""Requests to a real server on loopback."""

import asyncio
import base64
import gzip
import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rota.config import Config, HttpConfig
from rota.domain.errors import InvalidInput
from rota.domain.execution import Claim
from rota.domain.instant import DAY, SECOND
from rota.domain.outcome import Failed, Outcome, Succeeded
from rota.executors.base import Context, Setting
from rota.executors.http import HttpExecutor, build
from rota.executors.http.capture import retry_after
from rota.sdk.functions import Functions
from rota.version import __version__

LOOPBACK = ["127.0.0.0/8", "::1/128"]


class Journal:
    """What the engine keeps of an attempt."""

    grace = 0.0

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def log(self, line: str, stream: str) -> None:
        self.lines.append((line, stream))

    def progressed(self, fraction: float, message: str) -> None:
        raise AssertionError("a request says nothing of its progress")


class Request:
    def __init__(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.method = handler.command
        self.path = handler.path
        self.headers = handler.headers
        self.body = body
        self.peer = handler.client_address


Reply = Callable[[BaseHTTPRequestHandler], None]


def reply(status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    return send


class Server:
    """Answers each request with `answer` and remembers it."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.answer: Reply = reply(200, b'{"ok": true}', {"Content-Type": "application/json"})
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append(Request(self, body))
                outer.answer(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Listener(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self._server = Listener(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


def context(url: str, parameters: object = None, journal: Journal | None = None, trace: str | None = None) -> Context:
    claim = Claim(id="0190-execution", job_id="job-1", type=url, parameters=None, attempt=2, token=7, trace=trace)
    return Context(claim, parameters, worker_id="w", deadline=time.monotonic() + 60, attempt=journal or Journal())


def scene(scenario: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(scenario, 60))


def run(url: str, parameters: object = None, *, journal: Journal | None = None, **settings: Any) -> Outcome:
    async def scenario() -> Outcome:
        executor = HttpExecutor(settings.pop("allow_private", LOOPBACK), **settings)
        try:
            return await executor.run(context(url, parameters, journal))
        finally:
            await executor.close()

    outcome: Outcome = scene(scenario())
    return outcome


def succeeded(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Succeeded), outcome
    assert isinstance(outcome.result, dict)
    return outcome.result


def failed(outcome: Outcome) -> Failed:
    assert isinstance(outcome, Failed), outcome
    return outcome


def resolver(*answers: Sequence[str]) -> tuple[Callable[[str, int], Coroutine[Any, Any, Sequence[str]]], list[str]]:
    """Gives each answer in turn, the last one for ever; and the names that were asked for."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolve, asked


# What is sent


def test_a_plain_get_carries_the_identity_of_the_attempt(server: Server) -> None:
    journal = Journal()
    result = succeeded(run(f"{server.url}/path?a=1&secret=x", journal=journal))
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("GET", "/path?a=1&secret=x", b"")
    assert request.headers["Host"] == f"127.0.0.1:{server.port}"
    assert request.headers["Idempotency-Key"] == "0190-execution"
    assert request.headers["X-Rota-Execution-Id"] == "0190-execution"
    assert request.headers["X-Rota-Attempt"] == "2"
    assert request.headers["X-Fencing-Token"] == "7"
    assert request.headers["User-Agent"] == f"rota/{__version__}"
    assert (result["status"], result["body"]) == (200, {"ok": True})
    assert result["headers"]["content-type"] == "application/json"
    assert isinstance(result["durationMs"], int)
    ((line, stream),) = journal.lines
    assert (stream, "HTTP 200 OK" in line, "secret" in line) == ("log", True, False)


def test_the_parameters_of_the_field_are_accepted(server: Server) -> None:
    parameters = {
        "HttpMethod": "post",
        "ContentType": "application/json",
        "Header_Authorization": "Bearer abc123",
        "header_X-Custom-Header": 5,
        "userId": "12345",
        "action": "notify",
    }
    succeeded(run(server.url, parameters))
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/")
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Authorization"] == "Bearer abc123"
    assert request.headers["X-Custom-Header"] == "5"
    assert json.loads(request.body) == {"userId": "12345", "action": "notify"}


@pytest.mark.parametrize(
    ("parameters", "method", "path", "body", "content_type"),
    [
        ({}, "GET", "/", b"", None),
        ({"n": 1}, "POST", "/", b'{"n":1}', "application/json"),
        ({"Body": ""}, "POST", "/", b"", "text/plain; charset=utf-8"),
        ({"body": '{"a": 1}'}, "POST", "/", b'{"a": 1}', "application/json"),
        ({"body": "grüße"}, "POST", "/", "grüße".encode(), "text/plain; charset=utf-8"),
        ({"Body": {"a": [1, "ü"]}}, "POST", "/", '{"a":[1,"ü"]}'.encode(), "application/json"),
        ({"Body": "<a/>", "ContentType": "text/xml"}, "POST", "/", b"<a/>", "text/xml"),
        ({"Body": "x", "Header_content-type": "text/css", "ContentType": "no"}, "POST", "/", b"x", "text/css"),
        ({"method": "PUT", "n": 1}, "PUT", "/", b'{"n":1}', "application/json"),
        ({"METHOD": "patch", "n": None}, "PATCH", "/", b'{"n":null}', "application/json"),
        ({"HttpMethod": "POST"}, "POST", "/", b"", None),
        ({"HttpMethod": "GET", "a b": "c&d", "n": 1, "t": True}, "GET", "/?a+b=c%26d&n=1&t=true", b"", None),
        ({"HttpMethod": "DELETE", "id": [1, 2]}, "DELETE", "/?id=1&id=2", b"", None),
        ({"HttpMethod": "DELETE", "Body": {"id": 1}}, "DELETE", "/", b'{"id":1}', "application/json"),
        ({"query": {"q": "x y"}, "n": 1}, "POST", "/?q=x+y", b'{"n":1}', "application/json"),
        ({"headers": {"Content-Type": "a/b"}, "Body": [1]}, "POST", "/", b"[1]", "a/b"),
        ([1, 2], "POST", "/", b"[1,2]", "application/json"),
        ("text", "POST", "/", b"text", "text/plain; charset=utf-8"),
    ],
)
def test_what_parameters_become(
    server: Server, parameters: object, method: str, path: str, body: bytes, content_type: str | None
) -> None:
    succeeded(run(server.url, parameters))
    (request,) = server.requests
    assert (request.method, request.path, request.body) == (method, path, body)
    assert request.headers["Content-Type"] == content_type


def test_a_query_is_added_to_the_one_of_the_url(server: Server) -> None:
    succeeded(run(f"{server.url}/p?a=b+c&empty=&a=%2F#fragment", {"query": {"d": "é"}}))
    assert server.requests[0].path == "/p?a=b+c&empty=&a=%2F&d=%C3%A9"


def test_headers_of_the_job_replace_those_of_rota(server: Server) -> None:
    succeeded(run(server.url, {"headers": {"idempotency-key": "mine", "User-Agent": "me", "X-Name": "Zoë"}}))
    headers = server.requests[0].headers
    assert headers.get_all("Idempotency-Key") == ["mine"]
    assert headers.get_all("User-Agent") == ["me"]
    assert headers["X-Name"].encode("latin-1").decode() == "Zoë"


def test_the_trace_is_passed_on(server: Server) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    async def scenario() -> None:
        executor = HttpExecutor(LOOPBACK)
        await executor.run(context(server.url, trace=trace))
        await executor.run(context(server.url, trace="nonsense\r\nX-Evil: 1"))
        await executor.close()

    scene(scenario())
    assert [request.headers["traceparent"] for request in server.requests] == [trace, None]


@pytest.mark.parametrize(
    ("url", "parameters"),
    [
        ("ftp://example.test/", {}),
        ("file:///etc/passwd", {}),
        ("gopher://example.test/", {}),
        ("http://", {}),
        ("http:///path", {}),
        ("http://user:word@example.test/", {}),
        ("http://user@example.test/", {}),
        ("http://@example.test/", {}),
        ("http://good.test\\@example.test/", {}),
        ("http://example.test/a b", {}),
        ("http://example.test/\r\nX-Evil: 1", {}),
        ("http://example.test\x00/", {}),
        ("http://example.test:99999/", {}),
        ("http://example.test:0/", {}),
        ("http://example.test:port/", {}),
        ("http://[::1/", {}),
        ("http://[fe80::1%25eth0]/", {}),
        ("http://127%2e0.0.1/", {}),
        ("http://example.test", {"HttpMethod": "CONNECT"}),
        ("http://example.test", {"HttpMethod": "BREW"}),
        ("http://example.test", {"HttpMethod": 1}),
        ("http://example.test", {"HttpMethod": "GET", "method": "GET"}),
        ("http://example.test", {"Header_X": "a\r\nb"}),
        ("http://example.test", {"Header_X": "a\nb"}),
        ("http://example.test", {"Header_X": "a\0b"}),
        ("http://example.test", {"Header_X": None}),
        ("http://example.test", {"Header_X": {"a": 1}}),
        ("http://example.test", {"Header_X": "\ud800"}),
        ("http://example.test", {"Header_": "a"}),
        ("http://example.test", {"Header_A B": "a"}),
        ("http://example.test", {"Header_A\r\nB": "a"}),
        ("http://example.test", {"Header_A:": "a"}),
        ("http://example.test", {"Header_Host": "internal"}),
        ("http://example.test", {"Header_Content-Length": 0}),
        ("http://example.test", {"Header_transfer-encoding": "chunked"}),
        ("http://example.test", {"Header_X": "1", "headers": {"x": "2"}}),
        ("http://example.test", {"headers": ["X"]}),
        ("http://example.test", {"query": "a=b"}),
        ("http://example.test", {"query": {"a": "\ud800"}}),
        ("http://example.test", {"ContentType": "a\r\nb", "Body": "x"}),
        ("http://example.test", {"ContentType": {}, "Body": "x", "n": 1}),
        ("http://example.test", {"Body": "\ud800"}),
        ("http://example.test", {"Body": "x", "other": 1}),
        ("http://example.test", {"expectedStatus": "9xx"}),
        ("http://example.test", {"expectedStatus": 99}),
        ("http://example.test", {"expectedStatus": True}),
        ("http://example.test", {"expectedStatus": []}),
        ("http://example.test", {"expectedStatus": "299-200"}),
        ("http://example.test", {"responseType": "xml"}),
    ],
)
def test_what_can_never_be_sent_is_refused_and_fails_for_good(url: str, parameters: Mapping[str, object]) -> None:
    with pytest.raises(InvalidInput):
        HttpExecutor().check(url, parameters)
    assert not failed(run(url, parameters)).retryable


def test_what_can_be_sent_is_accepted_without_asking_anybody() -> None:
    resolve, asked = resolver(["127.0.0.1"])
    HttpExecutor(resolve=resolve).check("https://api.example.test/webhook", {"HttpMethod": "POST", "n": 1})
    assert asked == []


# What comes back


@pytest.mark.parametrize(
    ("content_type", "body", "response_type", "expected"),
    [
        ("application/json", b'{"a": [1, 2.5, null]}', "auto", {"a": [1, 2.5, None]}),
        ("application/problem+json; charset=utf-8", b'"x"', "auto", "x"),
        (None, b"[1]", "auto", [1]),
        (None, b"plain", "auto", "plain"),
        ("text/plain", b"[1]", "auto", "[1]"),
        ("text/plain", b"[1]", "json", [1]),
        ("application/json", b"[1]", "text", "[1]"),
        ("application/json", b"[1]", "none", None),
        ("image/png", b"\x00\xff", "base64", base64.b64encode(b"\x00\xff").decode()),
        ("text/html; charset=iso-8859-1", b"\xfc", "auto", "ü"),
        ("text/html; charset=punycode", b"a-b", "auto", "a-b"),
        ("text/plain", b"a\x00\xff", "auto", "a\ufffd\ufffd"),
        ("application/json", b"", "auto", ""),
        ("application/json", b"{broken", "auto", "{broken"),
        ("application/json", b"[NaN]", "auto", "[NaN]"),
        ("application/json", b"[1e999]", "auto", "[1e999]"),
        ("application/json", b'["\\ud800"]', "auto", '["\\ud800"]'),
        ("application/json", b'["\\u0000"]', "auto", '["\\u0000"]'),
        ("application/json", b'["\\ud83d\\ude00"]', "auto", ["\U0001f600"]),
        ("application/json", b"[" * 100_000, "auto", "[" * 100_000),
        ("application/json", b"[" * 40 + b"]" * 40, "auto", "[" * 40 + "]" * 40),
        ("application/json", b"9" * 5000, "auto", "9" * 5000),
    ],
)
def test_what_a_body_becomes(
    server: Server, content_type: str | None, body: bytes, response_type: str, expected: object
) -> None:
    server.answer = reply(200, body, {"Content-Type": content_type} if content_type else {})
    assert succeeded(run(server.url, {"responseType": response_type}))["body"] == expected


def test_a_body_that_should_be_json_and_is_not_is_a_failure(server: Server) -> None:
    server.answer = reply(200, b"<html>", {"Content-Type": "text/html"})
    outcome = failed(run(server.url, {"responseType": "json"}))
    assert (outcome.error, outcome.status, outcome.retryable) == ("the response is not JSON", 200, True)
    server.answer = reply(204)
    assert succeeded(run(server.url, {"responseType": "json"}))["status"] == 204


def test_a_large_body_is_cut_while_it_comes(server: Server) -> None:
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        while sent < 1 << 30:
            handler.wfile.write(b"x" * 65536)
            sent += 65536

    server.answer = endless
    result = succeeded(run(server.url, max_response_bytes=100_000))
    assert (result["body"], result["truncated"]) == ("x" * 100_000, True)
    assert sent < 1 << 27


def test_a_packed_body_is_bounded_too(server: Server) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    server.answer = reply(200, gzip.compress(b'{"a": 1}'), headers)
    assert succeeded(run(server.url))["body"] == {"a": 1}
    server.answer = reply(200, gzip.compress(b"0" * 100_000_000), headers)
    result = succeeded(run(server.url, max_response_bytes=1000))
    assert (len(result["body"]), result["truncated"]) == (1000, True)
    server.answer = reply(200, b"not gzip", headers)
    assert succeeded(run(server.url))["body"] is None
    server.answer = reply(200, b"?", {"Content-Encoding": "br"})
    assert succeeded(run(server.url))["body"] is None


def test_cookies_and_challenges_are_neither_shown_nor_remembered(server: Server) -> None:
    server.answer = reply(200, b"", {"Set-Cookie": "session=canary; Path=/", "ETag": '"1"'})

    async def scenario() -> Outcome:
        executor = HttpExecutor(LOOPBACK)
        await executor.run(context(server.url))
        outcome = await executor.run(context(server.url))
        await executor.close()
        return outcome

    assert "canary" not in str(succeeded(scene(scenario())))
    assert [request.headers["Cookie"] for request in server.requests] == [None, None]


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503, 599])
def test_an_unexpected_status_is_a_failure_that_names_it(server: Server, status: int) -> None:
    server.answer = reply(status, b"why")
    outcome = failed(run(server.url))
    assert outcome.status == status
    assert outcome.error.startswith(f"HTTP {status}")
    assert outcome.retryable
    assert outcome.retry_after is None
    assert isinstance(outcome.result, dict)
    assert outcome.result["body"] == "why"


def test_the_phrase_of_the_status_is_ours(server: Server) -> None:
    server.answer = lambda handler: (
        handler.wfile.write(b"HTTP/1.1 503 <b>evil</b>\r\nContent-Length: 0\r\n\r\n") and None
    )
    assert failed(run(server.url)).error == "HTTP 503 Service Unavailable"


@pytest.mark.parametrize(
    ("expected", "status", "good"),
    [
        (404, 404, True),
        ("404", 404, True),
        ([200, "4xx"], 404, True),
        ("4XX", 404, True),
        ("200-299", 204, True),
        ("200-299", 301, False),
        ([201], 200, False),
        ("3xx", 302, True),
    ],
)
def test_the_expected_status_can_be_named(server: Server, expected: object, status: int, good: bool) -> None:
    server.answer = reply(status)
    assert isinstance(run(server.url, {"expectedStatus": expected}), Succeeded) is good


def test_redirects_are_not_followed(server: Server) -> None:
    server.answer = reply(302, b"", {"Location": f"{server.url}/secret"})
    outcome = failed(run(server.url, {"Header_Authorization": "Bearer canary"}))
    assert (outcome.status, outcome.error) == (302, "HTTP 302 Found")
    assert len(server.requests) == 1
    assert isinstance(outcome.result, dict)
    assert outcome.result["headers"]["location"] == f"{server.url}/secret"


def test_retry_after_is_honoured(server: Server) -> None:
    server.answer = reply(503, b"", {"Retry-After": "120"})
    assert failed(run(server.url)).retry_after == 120 * SECOND
    moment = datetime.now(UTC) + timedelta(seconds=300)
    server.answer = reply(429, b"", {"Retry-After": format_datetime(moment, usegmt=True)})
    wait = failed(run(server.url)).retry_after
    assert wait is not None
    assert 200 * SECOND < wait <= 300 * SECOND


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (None, None),
        ("0", 0),
        (" 5 ", 5 * SECOND),
        ("99999999999999999999", DAY),
        ("100000", DAY),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2015 07:28:00", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("Fri, 99 Dec 2015 99:99:99 GMT", None),
    ],
)
def test_retry_after_in_every_form(value: str | None, wait: int | None) -> None:
    assert retry_after(value) == wait


# What goes wrong


def test_a_refused_connection_may_be_retried() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        outcome = failed(run(f"http://127.0.0.1:{free.getsockname()[1]}/?secret=canary"))
    assert outcome.retryable
    assert outcome.error.startswith("could not connect to 127.0.0.1:")
    assert "canary" not in outcome.error


def test_an_unknown_name_may_be_retried() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    outcome = failed(run("http://nobody.test/", resolve=resolve))
    assert (outcome.retryable, outcome.error) == (True, "could not connect to nobody.test: Name or service not known")


def test_a_resolver_that_hangs_is_given_up() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    outcome = failed(run("http://slow.test/", resolve=resolve, connect_timeout=0.05))
    assert (outcome.retryable, outcome.error) == (True, "could not connect to slow.test: no connection within 0.05 s")


@pytest.mark.parametrize(
    "answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", b"HTTP/1.1 20"]
)
def test_a_broken_answer_may_be_retried(server: Server, answer: bytes) -> None:
    def broken(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(answer)
        handler.close_connection = True

    server.answer = broken
    outcome = failed(run(server.url))
    assert outcome.retryable
    assert outcome.status is None


def test_cancellation_closes_the_connection(server: Server) -> None:
    arrived, closed = threading.Event(), threading.Event()

    def hanging(handler: BaseHTTPRequestHandler) -> None:
        arrived.set()
        if handler.connection.recv(1) == b"":
            closed.set()
        handler.close_connection = True

    server.answer = hanging

    async def scenario() -> None:
        executor = HttpExecutor(LOOPBACK)
        task = asyncio.create_task(executor.run(context(server.url)))
        assert await asyncio.to_thread(arrived.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(closed.wait, 20)
        server.answer = reply(200)
        succeeded(await executor.run(context(server.url)))
        await executor.close()

    scene(scenario())


def test_many_at_once_and_again_after_close(server: Server) -> None:
    async def scenario() -> None:
        executor = HttpExecutor(LOOPBACK, max_connections=4)
        for _ in range(2):
            outcomes = await asyncio.gather(*(executor.run(context(server.url, {"n": n})) for n in range(20)))
            assert all(isinstance(outcome, Succeeded) for outcome in outcomes)
            await executor.close()
        await executor.close()

    scene(scenario())
    assert len(server.requests) == 40


# Where it goes


def test_private_addresses_are_blocked_and_nothing_is_sent(server: Server) -> None:
    for url in (
        server.url,
        f"http://localhost:{server.port}",
        f"http://2130706433:{server.port}",
        f"http://0x7f.1:{server.port}",
        f"http://127.1:{server.port}",
        f"http://[::ffff:127.0.0.1]:{server.port}",
        f"http://[::1]:{server.port}",
        f"http://0:{server.port}",
        f"http://１２７.0.0.1:{server.port}",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
    ):
        outcome = failed(run(url, allow_private=[]))
        assert not outcome.retryable, url
    assert "ROTA_HTTP__ALLOW_PRIVATE" in failed(run(server.url, allow_private=["10.0.0.0/8"])).error
    assert server.requests == []


def test_the_configuration_says_what_may_be_reached(server: Server) -> None:
    async def scenario(config: Config) -> Outcome:
        executor = build(Setting(config, Functions(), "w"))
        try:
            return await executor.run(context(server.url))
        finally:
            await executor.close()

    assert not failed(scene(scenario(Config()))).retryable
    assert succeeded(scene(scenario(Config(http=HttpConfig(allow_private=("127.0.0.0/8",))))))["status"] == 200


def test_one_private_address_among_the_answers_blocks_the_name(server: Server) -> None:
    resolve, _ = resolver(["127.0.0.1", "10.0.0.1"])
    assert not failed(run(f"http://mixed.test:{server.port}/", resolve=resolve)).retryable
    assert server.requests == []


def test_a_name_that_flips_is_asked_once_and_pinned(server: Server) -> None:
    """The address that was judged is the one that is used; the next connection is judged anew."""
    resolve, asked = resolver(["127.0.0.1"], ["10.0.0.1"])

    async def scenario() -> tuple[Outcome, Outcome]:
        executor = HttpExecutor(LOOPBACK, resolve=resolve)
        first = await executor.run(context(f"http://flip.test:{server.port}/", {"Header_X": "1"}))
        await executor.close()
        second = await executor.run(context(f"http://flip.test:{server.port}/"))
        await executor.close()
        return first, second

    first, second = scene(scenario())
    assert succeeded(first)["status"] == 200
    assert not failed(second).retryable
    assert asked == ["flip.test", "flip.test"]
    assert [request.headers["Host"] for request in server.requests] == [f"flip.test:{server.port}"]


def test_the_next_address_is_tried_when_one_does_not_answer(server: Server) -> None:
    resolve, _ = resolver(["127.0.0.2", "127.0.0.1"])
    assert succeeded(run(f"http://two.test:{server.port}/", resolve=resolve))["status"] == 200


def test_proxies_and_passwords_of_the_environment_are_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password canary\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    succeeded(run(server.url))
    assert server.requests[0].headers["Authorization"] is None


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_tls_names_and_verifies_the_host_although_the_address_is_pinned(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    arguments = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=jobs.test"
        f" -addext subjectAltName=DNS:jobs.test -keyout {key} -out {certificate}"
    )
    subprocess.run(["openssl", *arguments.split()], check=True, capture_output=True)
    names: list[str | None] = []
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    serving.sni_callback = lambda _socket, name, _context: names.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate))
    server = Server(serving)
    resolve, _ = resolver(["127.0.0.1"])
    try:
        good = run(f"https://jobs.test:{server.port}/", resolve=resolve, ssl_context=trusting)
        other = run(f"https://other.test:{server.port}/", resolve=resolve, ssl_context=trusting)
        distrusted = run(f"https://jobs.test:{server.port}/", resolve=resolve)
    finally:
        server.close()
    assert succeeded(good)["status"] == 200
    assert "certificate" in failed(other).error
    assert "certificate" in failed(distrusted).error
    assert names == ["jobs.test", "other.test", "jobs.test"]
    assert len(server.requests) == 1


def test_importing_the_executor_does_not_load_the_client() -> None:
    text = "import sys, rota.executors.http; print('httpx2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, check=True)
    assert done.stdout == b"False\n"
