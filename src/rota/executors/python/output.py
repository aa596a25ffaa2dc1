"""What a warm process prints, cut into lines."""

import os
from typing import IO

LINE_BYTES = 16_384
"""Where a line that does not end is cut."""


class Output:
    """One output pipe of a process, cut into lines."""

    def __init__(self, pipe: IO[bytes] | None, stream: str) -> None:
        assert pipe is not None
        self._pipe = pipe
        self._rest = b""
        self.stream = stream
        self.descriptor = pipe.fileno()
        os.set_blocking(self.descriptor, False)

    def lines(self, data: bytes) -> list[str]:
        """The lines that `data` completes."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        while len(self._rest) > LINE_BYTES:
            whole.append(self._rest[:LINE_BYTES])
            self._rest = self._rest[LINE_BYTES:]
        return [_text(line) for line in whole]

    def rest(self) -> str:
        """The line that has no end yet; it is taken out."""
        rest, self._rest = self._rest, b""
        return _text(rest)

    def close(self) -> None:
        """Give back the pipe."""
        self._pipe.close()


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")
