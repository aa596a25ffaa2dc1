"""UUIDv7 (RFC 9562): ids in time order, so that keys are appended and lists page by id."""

import threading
from os import urandom

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
    draw = urandom(8 * count).hex()
    ids = []
    for i in range(count):
        millisecond, microsecond = divmod(first + i, 1000)
        if i == 0 or microsecond == 0:  # the head is the same for a whole millisecond
            digits = f"{millisecond:012x}"
            head = f"{digits[:8]}-{digits[8:]}"
        at = 16 * i
        variant = _VARIANT[draw[at]]
        ids.append(f"{head}{_FRACTIONS[microsecond]}{variant}{draw[at + 1 : at + 4]}-{draw[at + 4 : at + 16]}")
    return ids


def new_id(now: Instant) -> str:
    """One id. See `new_ids`."""
    return new_ids(now, 1)[0]


def identity_at(instant: Instant, bits: int) -> str:
    """The id that something of another time gets, from that time and 62 given bits; nothing keeps it unique but those."""
    millisecond, microsecond = divmod(instant, 1000)
    head, rest = f"{millisecond:012x}", f"{bits | 1 << 63:016x}"
    return f"{head[:8]}-{head[8:]}{_FRACTIONS[microsecond]}{rest[:4]}-{rest[4:]}"


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_FRACTIONS = [f"-7{microsecond * 4096 // 1000:03x}-" for microsecond in range(1000)]
