"""The instants that a rule names in a stretch of time, as far as one looks at them in one go."""

from dataclasses import dataclass

from rota.domain.instant import Instant
from rota.domain.schedule import Schedule, Surroundings
from rota.domain.zone import Moment


@dataclass(frozen=True, slots=True)
class Named:
    """One moment an instant, oldest first, complete up to `until`. `cut` says that `until` comes before what was asked."""

    moments: list[Moment]
    until: Instant
    cut: bool = False


def named(schedule: Schedule, around: Surroundings, *, since: Instant, until: Instant, most: int) -> Named:
    """What the rule names from `since` to `until`, both included, those that something withholds among them."""
    moments: list[Moment] = []
    for moment in schedule.timeline(around).moments(since - 1):
        if moment.instant > until:
            break
        if moments and moments[-1].instant == moment.instant:
            continue  # what fires comes first
        if len(moments) == most:
            return Named(moments, moments[-1].instant, cut=True)
        moments.append(moment)
    return Named(moments, until)
