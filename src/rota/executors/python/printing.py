"""What functions print inside the worker's own process goes to the log of the attempt that printed it."""

import io
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar

LogSink = Callable[[str, str], None]

_LONGEST_LINE = 16_384
_printer: ContextVar["Printer | None"] = ContextVar("rota_printer", default=None)


class Printer:
    """Cuts what one attempt prints into lines."""

    __slots__ = ("_log", "_rests")

    def __init__(self, log: LogSink) -> None:
        self._log = log
        self._rests: dict[str, str] = {}

    def write(self, text: str, stream: str) -> None:
        """Log the lines that `text` completes."""
        *lines, rest = (self._rests.get(stream, "") + text).split("\n")
        if len(rest) > _LONGEST_LINE:
            lines.append(rest)
            rest = ""
        self._rests[stream] = rest
        for line in lines:
            self._log(line, stream)

    def close(self) -> None:
        """Log what has no end yet."""
        for stream, rest in self._rests.items():
            if rest:
                self._log(rest, stream)
        self._rests.clear()


def printing_to(log: LogSink) -> Printer:
    """Log what the current task or thread prints from now on; to be closed when its work ends."""
    printer = Printer(log)
    _printer.set(printer)
    return printer


class _Router(io.TextIOBase):
    """Stands in for `sys.stdout` or `sys.stderr`: to the attempt that prints, or else to where it went before."""

    def __init__(self, below: io.TextIOBase, stream: str) -> None:
        self.below = below
        self._stream = stream

    def write(self, text: str) -> int:
        printer = _printer.get()
        if printer is None:
            return self.below.write(text)
        printer.write(text, self._stream)
        return len(text)

    def flush(self) -> None:
        if _printer.get() is None:
            self.below.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self.below.isatty()

    def fileno(self) -> int:
        return self.below.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"


_lock = threading.Lock()
_users = 0


def install() -> None:
    """Route the output of this process until as many `uninstall` have followed."""
    global _users
    with _lock:
        _users += 1
        for name in ("stdout", "stderr"):
            below = getattr(sys, name)
            if not isinstance(below, _Router):
                setattr(sys, name, _Router(below, name))


def uninstall() -> None:
    """Put the process's own output back."""
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            for name in ("stdout", "stderr"):
                router = getattr(sys, name)
                if isinstance(router, _Router):
                    setattr(sys, name, router.below)
