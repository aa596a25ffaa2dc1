"""The moments of one rule in one zone, step by step from fire to fire."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rota.domain.instant import Instant
from rota.domain.recurrence import Rule
from rota.domain.zone import LATEST, DstGap, DstOverlap, Moment, Note, Zone


@dataclass(frozen=True, slots=True)
class Step:
    """The next firing moment, or None; and the suppressed ones up to it."""

    suppressed: tuple[Moment, ...]
    fire: Moment | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A rule with what places its moments in time. `starts_at` and `ends_at` include the instants that they name."""

    rule: Rule
    time_zone: str
    gap: DstGap
    overlap: DstOverlap
    starts_at: Instant | None
    ends_at: Instant | None

    def steps(self, after: Instant) -> Iterator[Step]:
        """Step from fire to fire between start and end; the last step has no fire."""
        if self.starts_at is not None:
            after = max(after, self.starts_at - 1)
        end = LATEST if self.ends_at is None else min(self.ends_at, LATEST)
        while True:
            step = self.ahead(after)
            if step.fire is None or step.fire.instant > end:
                yield Step(tuple(moment for moment in step.suppressed if moment.instant <= end), None)
                return
            yield step
            after = step.fire.instant

    def ahead(self, after: Instant) -> Step:
        """The step after an instant, whatever the start and end. Equal rules share one computation."""
        if self.rule.reads_clock:
            return _search(self.rule, self.time_zone, self.gap, self.overlap, after)
        return Step((), next(self.rule.moments(Zone.named(self.time_zone), self.gap, self.overlap, after), None))


@lru_cache(maxsize=32768)
def _search(rule: Rule, time_zone: str, gap: DstGap, overlap: DstOverlap, after: Instant) -> Step:
    suppressed: list[Moment] = []
    fire: Moment | None = None
    for moment in rule.moments(Zone.named(time_zone), gap, overlap, after):
        if fire is not None and moment.instant != fire.instant:
            break
        if not moment.fires:
            suppressed.append(moment)  # before the fire, or another time that shares the end of a gap with it
            continue
        fire = moment
        if fire.note is not Note.SHIFTED:
            break
    return Step(tuple(suppressed), fire)
