"""Refusals as RFC 9457 problems. A reply never holds a stack trace; an unexpected error has an id that the log holds."""

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from rota.domain.errors import InvalidInput, RotaError, Unauthenticated, Unavailable

_log = logging.getLogger("rota.api")

MEDIA_TYPE = "application/problem+json"
_LONGEST_MESSAGE = 500


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    loc: list[str | int] = Field(description="where it is: the path of names and indexes")
    msg: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(description="what kind of problem it is", examples=["/problems/lease-lost"])
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = Field(None, description="with status 422: what is wrong, field by field")
    id: str | None = Field(None, description="with status 500: names the entry in the server's log")


def problem(
    status: int,
    type: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[tuple[Sequence[str | int], str]] | None = None,
    id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response."""
    document: dict[str, object] = {"type": f"/problems/{type}", "title": title, "status": status, "detail": detail}
    if errors is not None:
        document["errors"] = [{"loc": list(loc), "msg": msg} for loc, msg in errors]
    if id is not None:
        document["id"] = id
    return Response(_encodable(document), status, headers, MEDIA_TYPE)


def from_error(error: RotaError) -> Response:
    """A refusal of ours as a response."""
    headers = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "1"
    return problem(
        error.status,
        error.type,
        error.title,
        error.detail[: _LONGEST_MESSAGE * 4],
        errors=error.errors if isinstance(error, InvalidInput) else None,
        headers=headers,
    )


def unexpected(error: BaseException) -> Response:
    """An error that nobody foresaw: logged with its stack under an id; the reply tells only the id."""
    id = uuid.uuid4().hex[:16]
    _log.error("unexpected error %s", id, exc_info=error)
    return problem(
        500, "internal", "Internal error", f"something went wrong; the server's log tells more under {id}", id=id
    )


def install(app: FastAPI) -> None:
    """Answer every exception with a problem."""
    app.add_exception_handler(RotaError, _rota_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)


async def _rota_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RotaError)
    return from_error(error) if error.status < 500 or isinstance(error, Unavailable) else unexpected(error)


async def _validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_field(item) for item in error.errors()[:100]]
    loc, msg = errors[0] if errors else (("body",), "not valid")
    return from_error(InvalidInput(f"{'.'.join(map(str, loc))}: {msg}", errors))


def _field(item: Mapping[str, Any]) -> tuple[tuple[str | int, ...], str]:
    loc = tuple(part if isinstance(part, int) else str(part)[:64] for part in item["loc"])
    kept = loc[1:] if len(loc) > 1 and loc[0] == "body" else loc
    return kept, str(item["msg"]).removeprefix("Value error, ")[:_LONGEST_MESSAGE]


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_allowed(request))
    return problem(
        error.status_code, title.lower().replace(" ", "-"), title, str(error.detail or title), headers=headers
    )


def _allowed(request: Request) -> list[str]:
    """The methods of every operation at this path: one operation alone knows only its own."""
    routes = request.app.router.routes
    return [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]


def _encodable(document: object) -> bytes:
    """JSON as UTF-8, whatever text a client sent: lone surrogates become question marks."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems of an operation for its OpenAPI description."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }
