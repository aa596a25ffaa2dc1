"""`Idempotency-Key`: a repeated request that creates is answered like the first one and makes nothing new.

The answer is kept in the transaction that creates (`ServiceContext.remember`), so that there is no moment at which
the thing exists and the key does not.
"""

import random
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from rota.api.guards import BODY_HASH
from rota.domain.errors import Contended, InvalidInput
from rota.service.context import Once, Remembered, Repeated, ServiceContext

T = TypeVar("T")

_TRIES = 6
_PAUSE_SECONDS = 0.05
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,255}")


class Creation:
    """One request that creates: runs it once per key."""

    def __init__(self, key: str | None, body_hash: bytes) -> None:
        self._key = key
        self._body_hash = body_hash

    def answer(
        self,
        ctx: ServiceContext,
        act: Callable[[ServiceContext], T],
        render: Callable[[T], BaseModel],
        location: Callable[[T], str],
        *,
        status: int = 201,
        repeat: Callable[[T], BaseModel] | None = None,
    ) -> Response:
        """Do `act` and answer with what it made; or answer as before.

        `act` must create through `ctx.write()` and `ctx.remember()`. `repeat` renders what a repetition is told,
        where that differs: a secret is told once and never stored.
        """
        if self._key is None:
            made = _acted(act, ctx)
            return _created(status, location(made), _json(render(made)))
        again = repeat or render

        def keep(made: T) -> Remembered:
            return Remembered(self._body_hash, status, location(made), _json(again(made)))

        try:
            made = _acted(act, replace(ctx, once=Once(self._key, self._body_hash, keep)))
        except Repeated as repeated:
            found = repeated.answer
            response = _created(found.status, found.location, found.reply)
            response.headers["Idempotent-Replayed"] = "true"
            return response
        return _created(status, location(made), _json(render(made)))


def _acted(act: Callable[[ServiceContext], T], ctx: ServiceContext) -> T:
    """Do it; anew when another transaction was in the way, which has made nothing then."""
    for _ in range(_TRIES - 1):
        try:
            return act(ctx)
        except Contended:
            time.sleep(random.uniform(0, _PAUSE_SECONDS))  # noqa: S311
    return act(ctx)


def _json(model: BaseModel) -> str:
    return model.model_dump_json(by_alias=True)


def _created(status: int, location: str | None, body: str) -> Response:
    return Response(body, status, {"Location": location} if location else None, "application/json")


async def _creation(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(max_length=255, description="the same key with the same request is answered as before"),
    ] = None,
) -> Creation:
    if idempotency_key is None:
        return Creation(None, b"")
    if not _PRINTABLE.fullmatch(idempotency_key):
        raise InvalidInput.field("header", "Idempotency-Key", msg="1 to 255 printable ASCII characters")
    return Creation(idempotency_key, request.scope[BODY_HASH])


Creating = Annotated[Creation, Depends(_creation)]
"""A parameter of every POST that creates."""
