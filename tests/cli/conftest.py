"""A coordinator that answers what a test tells it to, over real HTTP, and a way to run the command line against it."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from click.testing import CliRunner, Result

from rota.cli.main import root


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Reply:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Coordinator:
    """Answers each method and path with its replies in order; the last one stays."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._replies: dict[tuple[str, str], list[Reply]] = {}
        coordinator = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                coordinator._answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = _answer

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def on(self, method: str, path: str, *replies: Reply | object) -> None:
        self._replies[method, f"/api/{path}"] = [r if isinstance(r, Reply) else Reply(200, r) for r in replies]

    def last(self, method: str) -> Request:
        return next(request for request in reversed(self.requests) if request.method == method)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        address = urlsplit(handler.path)
        content = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        body = json.loads(content) if content else None
        query = dict(parse_qsl(address.query))
        self.requests.append(Request(handler.command, address.path, query, dict(handler.headers), body))
        replies = self._replies.get((handler.command, address.path))
        missing = problem(404, "not-found", f"nothing at {address.path}")
        reply = missing if not replies else replies.pop(0) if len(replies) > 1 else replies[0]
        raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        handler.send_response(reply.status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(raw)), **reply.headers}
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(raw)


def problem(status: int, type: str, detail: str, **more: Any) -> Reply:
    document = {"type": f"/problems/{type}", "title": type, "status": status, "detail": detail, **more}
    return Reply(status, document, {"Content-Type": "application/problem+json"})


@pytest.fixture
def coordinator() -> Iterator[Coordinator]:
    made = Coordinator()
    yield made
    made.stop()


@pytest.fixture
def problem_reply() -> Callable[..., Reply]:
    return problem


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("ROTA_"):
            monkeypatch.delenv(name)


@pytest.fixture
def rota(coordinator: Coordinator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command line against the coordinator."""
    monkeypatch.setenv("ROTA_URL", coordinator.url)
    monkeypatch.setenv("ROTA_TOKEN", "rota_test_token")

    def run(*words: str, input: str | None = None) -> Result:
        return CliRunner().invoke(root, words, prog_name="rota", input=input)

    return run
