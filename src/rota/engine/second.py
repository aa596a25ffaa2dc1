"""A second exchange beside the first, for a worker with many slots: it and its store work at the same time.

Why, and what must not be beside anything: docs/adr/0036.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from rota.domain.errors import ConfigurationInvalid, Unavailable


class Second:
    """Has one more exchange whenever it is called and there is reason for it, one at a time, until `stop`."""

    def __init__(
        self, exchange: Callable[[], Awaitable[object]], reason: Callable[[], bool], over: Callable[[], None]
    ) -> None:
        """`reason` says whether another exchange is under way and leaves room for one; `over` is called after each."""
        self._exchange = exchange
        self._reason = reason
        self._over = over
        self._called = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.alone = asyncio.Lock()
        """Held while the second exchange is under way, and by the first while it must have nothing beside it."""

    def start(self) -> None:
        """Begin to heed calls."""
        self._task = asyncio.create_task(self._heed())

    def call(self) -> None:
        """There may be reason for another exchange. Costs next to nothing."""
        self._called.set()

    def raise_mistake(self) -> None:
        """Raise what ended it, if anything did."""
        if self._task is not None and self._task.done():
            self._task.result()

    async def stop(self) -> None:
        """Heed no calls any more, once what is under way is over."""
        async with self.alone:
            if self._task is not None:
                self._task.cancel()

    async def _heed(self) -> None:
        while True:
            await self._called.wait()
            self._called.clear()
            if self._reason() and not self.alone.locked():
                async with self.alone:
                    with suppress(Unavailable, ConfigurationInvalid):  # the first will meet it too, and tell
                        await self._exchange()
                self._over()
