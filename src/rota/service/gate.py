"""One condition of a start, as `rota why` tells it."""

from dataclasses import dataclass

from rota.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition of a start. `see` is the address of what decides it; `until` when it opens, where that is known."""

    code: str
    ok: bool
    says: str
    since: Instant | None = None
    until: Instant | None = None
    see: str | None = None
