"""The output of a program: into the log line by line, its ends remembered, however much there is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

Log = Callable[[str, str], None]
"""Takes one line and the name of its stream."""

LINE_BYTES: Final = 16 * 1024
"""Longer lines are cut in the log."""

TAIL_BYTES: Final = 64 * 1024
"""How much of the end of stdout the result keeps."""

LOGGED_LINES: Final = 200_000
LOGGED_BYTES: Final = 16 * 1024 * 1024
"""What one attempt may hand to the log, whose own cap is lower; a flood beyond it is read and dropped."""


class Output:
    """Hands output to the log line by line and remembers how each stream ended. Bounded in memory and in time."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._streams = {1: _Stream("stdout"), 2: _Stream("stderr")}
        self._lines_left = LOGGED_LINES
        self._bytes_left = LOGGED_BYTES

    def __call__(self, fd: int, data: bytes) -> None:
        stream = self._streams[fd]
        stream.remember(data)
        if self._lines_left > 0:
            for line in stream.lines(data):
                self._emit(line, stream.name)

    def flush(self) -> None:
        """Log what came after the last line end."""
        for stream in self._streams.values():
            if stream.pending:
                self._emit(bytes(stream.pending), stream.name)
                stream.pending.clear()

    def tail(self, fd: int, size: int) -> str:
        """The last `size` bytes of a stream."""
        return _decoded(bytes(self._streams[fd].ending[-size:]))

    def _emit(self, line: bytes, stream: str) -> None:
        if self._lines_left <= 0:
            return
        text = _decoded(line[:LINE_BYTES].removesuffix(b"\r"))
        self._log(text + " [cut]" if len(line) > LINE_BYTES else text, stream)
        self._lines_left -= 1
        self._bytes_left -= len(line)
        if self._bytes_left <= 0 or self._lines_left == 0:
            self._lines_left = 0
            self._log("there was more output, which is not kept", "log")


@dataclass(slots=True)
class _Stream:
    name: str
    pending: bytearray = field(default_factory=bytearray)
    ending: bytearray = field(default_factory=bytearray)

    def remember(self, data: bytes) -> None:
        self.ending += data
        if len(self.ending) > 2 * TAIL_BYTES:
            del self.ending[:-TAIL_BYTES]

    def lines(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes; the start of the next one is kept, one byte over the cut at most."""
        *whole, rest = data.split(b"\n")
        if whole:
            whole[0] = bytes(self.pending) + whole[0]
            self.pending.clear()
        self.pending += rest[: LINE_BYTES + 1 - len(self.pending)]
        return whole


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
