"""The HTTP client: documents, pages, streams, and refusals as the errors that they were."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from rota.client import lookup
from rota.client.client import Client
from rota.client.problems import CannotReach, error_from
from rota.domain.errors import (
    ConfigurationInvalid,
    Conflict,
    Forbidden,
    InvalidInput,
    LeaseLost,
    NotFound,
    PreconditionFailed,
    RotaError,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

ID = "0198a2b4-0000-7000-8000-0123456789ab"
OTHER = "0198a2b4-0001-7000-8000-ba9876543210"


@pytest.fixture
def client(coordinator: Any) -> Any:
    with Client(coordinator.url, "secret-token") as made:
        yield made


@pytest.mark.parametrize(
    ("status", "type", "expected"),
    [
        (409, "/problems/lease-lost", LeaseLost),
        (409, "https://rota.example/problems/conflict", Conflict),
        (422, "invalid-input", InvalidInput),
        (401, "about:blank", Unauthenticated),
        (403, "", Forbidden),
        (404, "", NotFound),
        (412, "", PreconditionFailed),
        (413, "", TooLarge),
        (429, "", Unavailable),
        (503, "", Unavailable),
        (500, "/problems/internal", RotaError),
        (418, "/problems/teapot", RotaError),
    ],
)
def test_problems_become_errors(status: int, type: str, expected: type[RotaError]) -> None:
    error = error_from(status, {"type": type, "detail": "because"})
    assert error.__class__ is expected
    assert error.detail == "because"


def test_a_problem_without_words_still_says_something() -> None:
    assert "500" in error_from(500, {}).detail


def test_field_problems_keep_their_places() -> None:
    error = error_from(422, {"errors": [{"loc": ["schedule", "cron"], "msg": "no"}, {"loc": "name", "msg": "x"}, 3]})
    assert isinstance(error, InvalidInput)
    assert error.errors == [(("schedule", "cron"), "no"), (("name",), "x")]


def test_requests_carry_token_body_and_key(client: Client, coordinator: Any, reply: Any) -> None:
    coordinator.on("POST", "jobs", reply(201, {"id": ID}))
    assert client.post("jobs", body={"name": "ñ"}, idempotency_key="k1") == {"id": ID}
    sent = coordinator.last("POST")
    assert sent.body == {"name": "ñ"}
    assert sent.headers["Authorization"] == "Bearer secret-token"
    assert sent.headers["Idempotency-Key"] == "k1"


def test_no_id_leaves_its_place(client: Client, coordinator: Any) -> None:
    with pytest.raises(NotFound):
        client.get("jobs", "../keys?x=1", "why")
    assert coordinator.last("GET").path == "/api/jobs/..%2Fkeys%3Fx%3D1/why"


def test_replace_names_the_version(client: Client, coordinator: Any, reply: Any) -> None:
    coordinator.on("GET", f"jobs/{ID}", reply(200, {"id": ID}, {"ETag": 'W/"3"'}))
    coordinator.on("PUT", f"jobs/{ID}", {"id": ID})
    answer = client.answer("GET", "jobs", ID)
    client.put("jobs", ID, body={}, etag=answer.etag)
    assert coordinator.last("PUT").headers["If-Match"] == 'W/"3"'


def test_an_answer_without_content_is_an_empty_document(client: Client, coordinator: Any, reply: Any) -> None:
    coordinator.on("DELETE", f"jobs/{ID}", reply(204, b""))
    assert client.delete("jobs", ID) == {}


def test_lists_are_read_page_after_page(client: Client, coordinator: Any) -> None:
    pages = ({"items": [{"id": "1"}, {"id": "2"}], "nextCursor": "c"}, {"items": [{"id": "3"}], "nextCursor": None})
    coordinator.on("GET", "jobs", *pages)
    assert [job["id"] for job in client.items("jobs", query={"q": "x", "state": None})] == ["1", "2", "3"]
    first, second = coordinator.requests
    assert first.query == {"q": "x", "limit": "100"}
    assert second.query == {"q": "x", "limit": "100", "cursor": "c"}


def test_lists_stop_at_the_limit(client: Client, coordinator: Any) -> None:
    coordinator.on("GET", "jobs", {"items": [{"id": "1"}, {"id": "2"}], "nextCursor": "c"})
    assert len(list(client.items("jobs", most=2))) == 2
    assert len(coordinator.requests) == 1
    assert coordinator.requests[0].query["limit"] == "2"


def test_a_stream_gives_its_events(client: Client, coordinator: Any, reply: Any) -> None:
    text = b': hello\n\nid: 7\nevent: log\ndata: {"text": "a"}\n\nevent: end\ndata: {"state": "Succeeded"}\n\n'
    coordinator.on("GET", f"executions/{ID}/logs", reply(200, text, {"Content-Type": "text/event-stream"}))
    events = list(client.stream("executions", ID, "logs", query={"follow": 1}))
    assert [(event.name, event.document) for event in events] == [
        ("log", {"text": "a"}),
        ("end", {"state": "Succeeded"}),
    ]
    assert events[0].cursor == "7"


def test_a_refused_stream_raises(client: Client) -> None:
    with pytest.raises(NotFound):
        list(client.stream("executions", ID, "logs"))


def test_what_is_no_stream_raises(client: Client, coordinator: Any) -> None:
    coordinator.on("GET", "events", {})
    with pytest.raises(Unavailable):
        list(client.stream("events"))


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody else can take the port meanwhile
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with Client(url) as client, pytest.raises(CannotReach) as refusal:
            client.get("jobs")
    assert refusal.value.detail == f"cannot reach {url}; is `rota up` running?"
    assert refusal.value.exit_code == 1


def test_somebody_else_is_there(client: Client, coordinator: Any, reply: Any) -> None:
    page = {"Content-Type": "text/html"}
    coordinator.on("GET", "jobs", reply(200, b"<html>", page), reply(404, b"<html>", page))
    with pytest.raises(RotaError, match="is it a Rota coordinator"):
        client.get("jobs")
    with pytest.raises(ConfigurationInvalid, match="no Rota API there"):
        client.get("jobs")


def test_a_redirect_is_not_followed_with_the_token(client: Client, coordinator: Any, reply: Any) -> None:
    coordinator.on("GET", "jobs", reply(302, b"", {"Location": "https://elsewhere.example/"}))
    with pytest.raises(ConfigurationInvalid, match=r"redirects to https://elsewhere\.example/"):
        client.get("jobs")


@pytest.mark.parametrize("url", ["", "ftp://x", "127.0.0.1:8400", "http://", "http://[::1"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        Client(url)


@pytest.mark.parametrize("token", ["two words", "ü", "a\nb"])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refusal:
        Client(token=token)
    assert token not in refusal.value.detail


def test_an_address_may_have_a_path(coordinator: Any) -> None:
    with Client(f"{coordinator.url}/below/") as client, pytest.raises(NotFound):
        client.get("jobs")
    assert coordinator.requests[0].path == "/below/api/jobs"


def test_what_is_no_json_is_not_sent(client: Client) -> None:
    with pytest.raises(InvalidInput):
        client.post("jobs", body={"x": float("nan")})


@pytest.fixture
def jobs(coordinator: Any) -> Callable[..., None]:
    def have(*pairs: tuple[str, str]) -> None:
        coordinator.on("GET", "jobs", {"items": [{"id": id, "name": name} for id, name in pairs], "nextCursor": None})

    return have


def test_a_whole_id_is_not_looked_up(client: Client, coordinator: Any) -> None:
    assert lookup.job_id(client, ID.upper()) == ID
    assert coordinator.requests == []


def test_a_name_is_looked_up_exactly(client: Client, jobs: Callable[..., None]) -> None:
    jobs((ID, "report"), (OTHER, "report-eu"))
    assert lookup.job_id(client, "report") == ID


@pytest.mark.parametrize("piece", ["0123456789ab", "456789AB", "0198a2b4-0000"])
def test_a_piece_of_an_id_is_looked_up(client: Client, jobs: Callable[..., None], piece: str) -> None:
    jobs((ID, "report"), (OTHER, "other"))
    assert lookup.job_id(client, piece) == ID


@pytest.mark.parametrize("text", ["report", "0198a2b4"])
def test_what_could_be_several_is_refused_with_their_ids(client: Client, jobs: Callable[..., None], text: str) -> None:
    jobs((ID, "report"), (OTHER, "report"))
    with pytest.raises(InvalidInput) as refusal:
        lookup.job_id(client, text)
    assert ID in refusal.value.detail
    assert OTHER in refusal.value.detail


@pytest.mark.parametrize("text", ["nothing", "ffffffff", "0198", "", " "])
def test_what_is_not_there(client: Client, jobs: Callable[..., None], text: str) -> None:
    jobs((ID, "report"))
    with pytest.raises(NotFound):
        lookup.job_id(client, text)
