"""A TCP proxy that misbehaves on command: it delays, goes silent without a FIN, resets, or cuts a reply short.

It stands between a process and a server on this machine. `cut_reply_of` is the cruel one: the server has committed,
and the caller sees an error.
"""

import asyncio
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

from driver import free_port

_CHUNK = 65536
_LOOK_AGAIN_SECONDS = 0.01


class ChaosProxy:
    """Forwards connections to 127.0.0.1:`target`. Every method may be called from any thread."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = free_port()
        self.connections = 0
        """How many were ever made."""
        self.cuts = 0
        """How many replies were cut short."""
        self._delay = 0.0
        self._silent = {"up": False, "down": False}
        self._refusing = False
        self._deaf: Callable[[bytes], bool] | None = None
        self._cut: tuple[Callable[[bytes], bool], int, int] | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chaos-proxy", daemon=True)

    def __enter__(self) -> "ChaosProxy":
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def delay(self, seconds: float) -> None:
        """Hold every chunk back for that long, both ways; 0 = no more."""
        self._delay = seconds

    def blackhole(self, *, up: bool = True, down: bool = True) -> None:
        """Forward nothing and close nothing, to the server (`up`), from it (`down`) or both. New connections as well."""
        self._silent = {"up": up, "down": down}

    def deafen(self, is_it: Callable[[bytes], bool]) -> None:
        """Forward nothing any more on the connections that have sent a chunk which satisfies `is_it`, until `heal`."""
        self._deaf = is_it

    def heal(self) -> None:
        """Forward everything again, what was held back included."""
        self._deaf = None
        self._silent = {"up": False, "down": False}
        self._refusing = False
        self._cut = None

    def reset(self, *, refuse: bool = False) -> None:
        """End every connection with a RST; with `refuse`, every new one too until `heal`."""
        self._refusing = refuse
        self._call(self._reset_all)

    def cut_reply_of(self, is_it: Callable[[bytes], bool], *, after: int = 0, times: int = 1) -> None:
        """The next `times` a request chunk satisfies `is_it`, forward `after` bytes of the reply, then reset."""
        self._cut = (is_it, after, times)

    def _call(self, act: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            act()
            done.set()

        self._loop.call_soon_threadsafe(run)
        assert done.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self._started.set()
        await self._stop.wait()
        server.close()
        self._reset_all()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._refusing:
            _abort(writer)
            return
        link = _Link()
        await self._while_silent("up", link)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            _abort(writer)
            return
        pair = {writer, far_writer}
        self._writers |= pair
        try:
            await asyncio.gather(
                self._pump(reader, far_writer, "up", link, pair), self._pump(far_reader, writer, "down", link, pair)
            )
        except OSError:
            for each in pair:
                _abort(each)
        finally:
            self._writers -= pair
            for each in pair:
                each.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        way: str,
        link: "_Link",
        pair: set[asyncio.StreamWriter],
    ) -> None:
        while chunk := await reader.read(_CHUNK):
            if self._delay:
                await asyncio.sleep(self._delay)
            if way == "up":
                link.sent.append(chunk)
            await self._while_silent(way, link)
            if way == "up":
                self._arm(chunk, link)
            elif link.left is not None:
                writer.write(chunk[: link.left])
                link.left -= len(chunk)
                if link.left <= 0:
                    self.cuts += 1
                    for each in pair:
                        _abort(each)
                    return
                continue
            writer.write(chunk)
            await writer.drain()
        await self._while_silent(way, link)  # a FIN is swallowed as well
        with suppress(OSError):
            writer.write_eof()

    def _arm(self, chunk: bytes, link: "_Link") -> None:
        if self._cut is not None and self._cut[0](chunk):
            is_it, after, times = self._cut
            self._cut = (is_it, after, times - 1) if times > 1 else None
            link.left = after

    async def _while_silent(self, way: str, link: "_Link") -> None:
        while self._silent[way] or (self._deaf is not None and any(map(self._deaf, link.sent))):
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            _abort(writer)


@dataclass(slots=True)
class _Link:
    """One connection."""

    left: int | None = None
    """How many bytes of the reply are still let through; None = all."""
    sent: deque[bytes] = field(default_factory=lambda: deque(maxlen=8))
    """What was sent last."""


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close with a RST instead of a FIN."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
