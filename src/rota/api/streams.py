"""Waiting on the event loop, and server-sent events."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import anyio.to_thread
from fastapi import Request
from fastapi.responses import StreamingResponse

from rota.domain.errors import RotaError
from rota.service.context import Database

T = TypeVar("T")

EVENT_STREAM = "text/event-stream"
_LOOK_SECONDS = 1.0
_HEARTBEAT_SECONDS = 15.0
_OPENING = ": rota\n\n"

Listen = Callable[[Database, Callable[[], None]], Callable[[], None]]


class Wake:
    """Rings on the event loop when the store may have something new."""

    def __init__(self, request: Request) -> None:
        self._event = asyncio.Event()
        self._stopping = request.app.state.services.stopping
        self._request = request

    async def rest(self, seconds: float = _LOOK_SECONDS) -> bool:
        """Wait for a ring, or for `seconds`, at most one. False when there is no reason to go on."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), min(max(seconds, 0.0), _LOOK_SECONDS))
        self._event.clear()
        return not self._stopping.is_set() and not await self._request.is_disconnected()

    @contextlib.contextmanager
    def listening(self, listen: Listen) -> Iterator[None]:
        """Ring when `listen` says so."""
        loop = asyncio.get_running_loop()

        def ring() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._event.set)

        end = listen(self._request.app.state.services.database, ring)
        try:
            yield
        finally:
            end()


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work outside the event loop."""
    return await anyio.to_thread.run_sync(work)


def event(name: str | None, id: str | None, data: object) -> str:
    """One server-sent event. The data is JSON, which has no line breaks."""
    head = (f"id: {id}\n" if id is not None else "") + (f"event: {name}\n" if name is not None else "")
    return f"{head}data: {json.dumps(data, separators=(',', ':'))}\n\n"


def stream(
    request: Request, listen: Listen, look: Callable[[], tuple[list[str], bool, bool]], opening: str = _OPENING
) -> StreamingResponse:
    """Stream what `look` finds, look after look, until it says that this was all. `opening` goes before all of it.

    `look` runs in a thread and returns rendered events, whether there may be more at once, and whether it is over.
    The stream also ends when the server stops, the client leaves, or its token is revoked.
    """

    async def chunks() -> AsyncIterator[str]:
        wake = Wake(request)
        quiet = 0.0
        loop = asyncio.get_running_loop()
        yield opening
        with wake.listening(listen):
            while True:
                try:
                    await request.app.state.doorkeeper.principal(request.scope)
                    found, more, over = await in_thread(look)
                except RotaError:
                    return
                if found:
                    yield "".join(found)
                    quiet = 0.0
                if over:
                    return
                if not more:
                    before = loop.time()
                    if not await wake.rest():
                        return
                    quiet += loop.time() - before
                    if quiet >= _HEARTBEAT_SECONDS:
                        yield ": still here\n\n"
                        quiet = 0.0

    return StreamingResponse(chunks(), media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})
