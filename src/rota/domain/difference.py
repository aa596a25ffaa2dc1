"""What a change of a schedule, or of what is around it, does to the times at which it fires."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from rota.domain.instant import DAY, Duration, Instant
from rota.domain.planning import MOST_UPCOMING, upcoming
from rota.domain.schedule import NO_SURROUNDINGS, Schedule, Surroundings
from rota.domain.zone import Zone

HORIZON: Duration = 400 * DAY
"""A year with its leap day, its holidays and both changes of the clock, and a month more."""
_FARTHEST_MOVE: Duration = 31 * DAY
"""A fire that comes later or earlier than that is another fire."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A schedule with what is around it, and how often it has fired before."""

    schedule: Schedule
    around: Surroundings = NO_SURROUNDINGS
    runs: int = 0


@dataclass(frozen=True, slots=True)
class MovedFire:
    """A fire that takes place at another time."""

    before: Instant
    after: Instant


@dataclass(frozen=True, slots=True)
class Difference:
    """The fires that go, come and move strictly after `start` and up to `until`; `kept` counts those that stay.

    Instants are nominal. `time_zone` is the one in which they are told.
    """

    start: Instant
    until: Instant
    removed: tuple[Instant, ...]
    added: tuple[Instant, ...]
    moved: tuple[MovedFire, ...]
    kept: int
    time_zone: str

    @property
    def first(self) -> Instant | None:
        """The first instant at which there is a difference."""
        return min([*self.removed, *self.added, *(min(one.before, one.after) for one in self.moved)], default=None)

    @property
    def summary(self) -> str:
        """Such as "removes 3 runs, moves 12, adds 1; first difference 2027-03-14 02:30 Europe/Madrid"."""
        if self.first is None:
            return f"no run changes up to {self._told(self.until)}"
        counts = (("removes", self.removed), ("moves", self.moved), ("adds", self.added))
        told = [f"{verb} {len(found)}" for verb, found in counts if found]
        told[0] += " run" if told[0].endswith(" 1") else " runs"
        return f"{', '.join(told)}; first difference {self.told_first}"

    @property
    def told_first(self) -> str | None:
        """The first instant in words, in the zone of the schedule."""
        return None if self.first is None else self._told(self.first)

    def _told(self, at: Instant) -> str:
        return f"{_local(Zone.named(self.time_zone), at)} {self.time_zone}"

    def document(self) -> dict[str, object]:
        """The counts and the summary, as an audit entry keeps them."""
        return {
            "summary": self.summary,
            "removed": len(self.removed),
            "moved": len(self.moved),
            "added": len(self.added),
            "kept": self.kept,
        }


def compare(
    old: Planned | None, new: Planned | None, *, start: Instant, most: int = MOST_UPCOMING, environment: str = ""
) -> Difference:
    """The fires of the next 400 days, or as many as there are before the `most`th of either side.

    None stands for no schedule at all, and so does a schedule that is not enabled. Conditions are judged as `upcoming`
    does it in this `environment`.
    """
    before, after = _fires(old, start, most, environment), _fires(new, start, most, environment)
    ends = [fires[-1] for fires in (before, after) if len(fires) == most]
    until = min([start + HORIZON, *ends])
    was = {at for at in before if at <= until}
    now = {at for at in after if at <= until}
    told = new or old
    time_zone = told.schedule.time_zone if told is not None else "UTC"
    moved, removed, added = _paired(sorted(was - now), sorted(now - was), Zone.named(time_zone))
    return Difference(start, until, tuple(removed), tuple(added), tuple(moved), len(was & now), time_zone)


def _fires(planned: Planned | None, start: Instant, most: int, environment: str) -> list[Instant]:
    if planned is None or not planned.schedule.enabled:
        return []
    limit = planned.schedule.max_runs
    left = most if limit is None else min(most, limit - planned.runs)
    seen = upcoming(planned.schedule, start, start + HORIZON, left, planned.around, environment)
    return [fire.at for fire in seen.items]


def _paired(
    removed: Sequence[Instant], added: Sequence[Instant], zone: Zone
) -> tuple[list[MovedFire], list[Instant], list[Instant]]:
    """Fires that only move: as many on one local day as before; else those that are nearest to each other."""

    def day(at: Instant) -> date:
        return zone.local(at).date()

    coming = {local: list(fires) for local, fires in groupby(added, key=day)}
    moved: list[MovedFire] = []
    for local, group in groupby(removed, key=day):
        gone = list(group)
        if len(gone) == len(coming.get(local, ())):
            moved += [MovedFire(*pair) for pair in zip(gone, coming[local], strict=True)]
    left, right = _without(removed, [one.before for one in moved]), _without(added, [one.after for one in moved])
    near = _mutually_nearest(left, right)
    moved = sorted(moved + near, key=lambda one: one.before)
    return moved, _without(left, [one.before for one in near]), _without(right, [one.after for one in near])


def _mutually_nearest(removed: Sequence[Instant], added: Sequence[Instant]) -> list[MovedFire]:
    """Of a removed and an added fire that are as near the later one counts, so that what moves by half a period moves on."""
    if not removed or not added:
        return []
    chosen = {before: _nearest(before, added, later=True) for before in removed}
    returned = {after: _nearest(after, removed, later=False) for after in added}
    return [
        MovedFire(before, after)
        for before, after in chosen.items()
        if returned[after] == before and abs(after - before) <= _FARTHEST_MOVE
    ]


def _nearest(at: Instant, others: Sequence[Instant], *, later: bool) -> Instant:
    place = bisect_left(others, at)
    near = others[max(0, place - 1) : place + 1]
    return min(near, key=lambda other: (abs(other - at), (other < at) if later else (other > at)))


def _without(instants: Sequence[Instant], gone: Sequence[Instant]) -> list[Instant]:
    known = set(gone)
    return [at for at in instants if at not in known]


def _local(zone: Zone, instant: Instant) -> str:
    return zone.local(instant).strftime("%Y-%m-%d %H:%M")
