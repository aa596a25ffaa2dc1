"""What makes two failures the same: their error and where it came from, without what differs from run to run."""

import re
from functools import lru_cache
from hashlib import sha256

_FRAMES = 3
_LONGEST = 2000
_VARYING = (
    (re.compile(r"0x[0-9a-fA-F]+"), "#"),
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "#"),
    (re.compile(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{7,64}\b"), "#"),
    (re.compile(r"(?<!\w)'[^'\n]{0,200}'(?!\w)|\"[^\"\n]{0,200}\"|`[^`\n]{0,200}`"), "'…'"),  # no apostrophes
    (re.compile(r"(?:[A-Za-z]:)?(?:[\\/][\w.@+-]+){2,}"), "/…"),
    (re.compile(r"\d+(?:[.,:_-]\d+)*"), "#"),
    (re.compile(r"\s+"), " "),
)
_FRAME = re.compile(r'File "[^"]*?([^"/\\]+)", line \d+, in (\S+)')


@lru_cache(maxsize=10_000)
def normalised(error: str | None) -> str:
    """The error with numbers, ids, quoted texts and paths taken out: what a group of failures is told by."""
    text = (error or "").strip()[:_LONGEST]
    for pattern, replacement in _VARYING:
        text = pattern.sub(replacement, text)
    return text.strip() or "no error was told"


def fingerprint(error: str | None, stack: str | None) -> str:
    """16 hexadecimal digits that are the same for failures of the same kind: error and innermost frames."""
    told = "\n".join([normalised(error), *_innermost(stack or "")])
    return sha256(told.encode("utf-8", "replace")).hexdigest()[:16]


@lru_cache(maxsize=2000)
def _innermost(stack: str) -> tuple[str, ...]:
    return tuple(f"{file}:{function}" for file, function in _FRAME.findall(stack[-4 * _LONGEST :])[-_FRAMES:])
