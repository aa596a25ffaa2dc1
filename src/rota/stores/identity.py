"""UUIDv7 (RFC 9562): ids in time order, so that keys are appended and lists page by id."""

import os
import threading

from rota.domain.instant import Instant

_lock = threading.Lock()
_last = 0


def new_ids(now: Instant, count: int) -> list[str]:
    """`count` ids that increase within this process, in the order given.

    48 bits of milliseconds, 12 bits of the microsecond inside it (RFC 9562 section 6.2, method 3), 62 random bits.
    Each id takes a microsecond of its own, so that equal times never tie.
    """
    global _last
    with _lock:
        first = max(now, _last + 1)
        _last = first + count - 1
    draw = os.urandom(8 * count).hex()
    return [_format(first + i, draw[16 * i : 16 * i + 16]) for i in range(count)]


def new_id(now: Instant) -> str:
    """One id. See `new_ids`."""
    return new_ids(now, 1)[0]


def _format(tick: int, draw: str) -> str:
    millisecond, fraction = divmod(tick, 1000)
    head = f"{millisecond:012x}"
    return f"{head[:8]}-{head[8:]}-7{fraction * 4096 // 1000:03x}-{_VARIANT[draw[0]]}{draw[1:4]}-{draw[4:]}"


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
