"""What is probably a mistake in a job and its schedules, although all of it may be said."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from rota.domain.calendar import Roll
from rota.domain.instant import DAY, HOUR, MINUTE, Duration, Instant
from rota.domain.job import Job
from rota.domain.missed import Missed
from rota.domain.planning import next_after, upcoming
from rota.domain.recurrence import ClockRule, CronRule, Monthly, Yearly, duration_text
from rota.domain.schedule import NO_SURROUNDINGS, Schedule, Surroundings
from rota.domain.zone import clock_changes

CROWDED = 40
"""So many schedules at one minute are a crowd."""
_HOURS = 24
_LOOKED_AT = 50
_TWO_YEARS: Duration = 731 * DAY
_LONGEST_TIMEOUT: Duration = DAY
_MOST_DATES = 4
_SHORT_MONTH_DAYS = frozenset({29, 30, 31})


class Severity(StrEnum):
    """Whether it cannot be meant, or only might not be."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One suspicion. `schedule` is the place of the schedule among those of the job; None where it is about the job."""

    code: str
    severity: Severity
    says: str
    schedule: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known besides the definition.

    `p95` is how long 95 % of the runs took at most; None where nothing has run. `crowd` counts schedules by the minute
    at which they fire. `given` are the fields that the document of the job holds; None where only the stored job is
    known. `around` has None for a schedule whose calendar is not to be had. `environment` is where conditions are judged.
    """

    now: Instant
    p95: Duration | None = None
    crowd: Mapping[Instant, int] = field(default_factory=dict)
    given: Collection[str] | None = None
    around: Sequence[Surroundings | None] | None = None
    environment: str = ""


def lint(job: Job, schedules: Sequence[Schedule], facts: Facts) -> list[Finding]:
    """Every finding, those about the job first, then schedule by schedule."""
    found = list(_about_job(job, facts))
    for place, schedule in enumerate(schedules):
        around = NO_SURROUNDINGS if facts.around is None else facts.around[place]
        if around is None:
            says = f"there is no calendar {' and '.join(schedule.calendar)}: it will be set aside"
            found.append(Finding("calendarUnknownOrEmpty", Severity.ERROR, says, place))
            continue
        view = _View.of(job, schedule, around, facts)
        for code, severity, rule in _RULES:
            if (told := rule(view)) is not None:
                found.append(Finding(code, severity, told, place))
    return found


def crowd_of(schedules: Iterable[Schedule], now: Instant) -> Mapping[Instant, int]:
    """How many schedules fire in each minute of the next day; what fires more than once an hour makes no crowd."""
    return Counter(minute for schedule in schedules for minute in _minutes_of_a_day(schedule, now))


def _minutes_of_a_day(schedule: Schedule, now: Instant) -> set[Instant]:
    fires = upcoming(schedule, now, now + DAY, _HOURS + 1).items
    return {fire.at // MINUTE * MINUTE for fire in fires} if len(fires) <= _HOURS else set()


def _about_job(job: Job, facts: Facts) -> Iterator[Finding]:
    if not (job.owner_name or job.owner_email or job.team_name):
        yield Finding(
            "noOwner", Severity.WARNING, "nobody is named who answers for it: ownerName, ownerEmail or teamName"
        )
    if facts.given is not None and "timeoutSeconds" not in facts.given:
        says = f"no timeoutSeconds: it ends after {duration_text(job.timeout)}, whatever it does"
        yield Finding("noTimeout", Severity.WARNING, says)
    elif job.timeout > _LONGEST_TIMEOUT:
        says = f"a timeout of {duration_text(job.timeout)} is as good as none"
        yield Finding("noTimeout", Severity.WARNING, says)


@dataclass(frozen=True, slots=True)
class _View:
    """One schedule as the rules look at it: `fires` are its next 50, `interval` the shortest time between two of them."""

    job: Job
    schedule: Schedule
    around: Surroundings
    facts: Facts
    fires: list[Instant]
    interval: Duration | None

    @classmethod
    def of(cls, job: Job, schedule: Schedule, around: Surroundings, facts: Facts) -> "_View":
        fires = [fire.at for fire in upcoming(schedule, facts.now, None, _LOOKED_AT, around, facts.environment).items]
        interval = min((later - earlier for earlier, later in pairwise(fires)), default=None)
        return cls(job, schedule, around, facts, fires, interval)

    @property
    def is_fixed(self) -> bool:
        """Whether it names times of day, rather than an interval in the words of a clock."""
        rule, place = self.schedule.rule, self.schedule.timeline(self.around).course.place
        return isinstance(rule, ClockRule) and not rule.clock(place).follows_real_time

    @property
    def spreads(self) -> bool:
        """Whether it is moved away from others already."""
        rule = self.schedule.rule
        return self.schedule.jitter > 0 or (isinstance(rule, CronRule) and bool(rule.spread))


def _never_fires(view: _View) -> str | None:
    if view.fires or next_after(view.schedule, view.facts.now, view.around) is not None:
        return None
    return "it never fires any more"


def _day_29_to_31(view: _View) -> str | None:
    rule = view.schedule.rule
    if isinstance(rule, Monthly) and rule.day in _SHORT_MONTH_DAYS:
        return f"months without a day {rule.day} have no run; -1 is the last day of every month"
    if isinstance(rule, Yearly) and (rule.month, rule.day) == (2, 29):
        return "29 February comes in leap years only"
    if isinstance(rule, CronRule):
        days = rule.cron().days
        others = days.from_end or days.nearest_weekday or not days.both_must_match
        if days.days and days.days <= _SHORT_MONTH_DAYS and not others:
            return "months without such a day have no run; L is the last day of every month"
    return None


def _in_dst_hour(view: _View) -> str | None:
    if not view.is_fixed:
        return None
    zone, timeline = view.schedule.zone, view.schedule.timeline(view.around)
    told: list[str] = []
    for change in clock_changes(zone, view.facts.now, view.facts.now + _TWO_YEARS):
        for moment in timeline.moments(change - 1):
            if moment.instant > change + 3 * HOUR:
                break
            if moment.nominal is not None and (moment.note is not None or moment.withheld is not None):
                told.append(moment.nominal.strftime("%Y-%m-%d %H:%M"))
                break
    if not told:
        return None
    more = f" and {len(told) - _MOST_DATES} more" if len(told) > _MOST_DATES else ""
    return f"the clock of {zone.name} skips or repeats its time: {', '.join(told[:_MOST_DATES])}{more}"


def _interval_shorter_than_duration(view: _View) -> str | None:
    p95 = view.facts.p95
    if p95 is None or view.interval is None or view.interval >= p95:
        return None
    return f"it fires every {duration_text(view.interval)}, and runs take up to {duration_text(p95)} (p95)"


def _crowded_minute(view: _View) -> str | None:
    if view.spreads:
        return None
    minutes = ((view.facts.crowd.get(at // MINUTE * MINUTE, 0), at) for at in view.fires)
    most, at = max(minutes, default=(0, 0), key=lambda one: one[0])
    if most < CROWDED:
        return None
    clock = view.schedule.zone.local(at).strftime("%H:%M")
    return f"{most} schedules fire at {clock}; H in place of the minute, or jitter, spreads them"


def _retry_longer_than_interval(view: _View) -> str | None:
    retry = view.job.retry
    waits = sum(retry.delay(attempt) for attempt in range(1, min(retry.retries, 1000) + 1))
    if view.interval is None or waits <= view.interval:
        return None
    return (
        f"its {retry.retries} retries wait {duration_text(waits)} in all; it fires every {duration_text(view.interval)}"
    )


def _catch_up_all_unbounded(view: _View) -> str | None:
    schedule = view.schedule
    if (
        schedule.missed is not Missed.RUN_ALL
        or schedule.max_lateness is not None
        or schedule.max_catchup_runs is not None
    ):
        return None
    return "after an outage up to 1000 missed runs start at once; bound them by maxCatchupRuns or maxLateness"


def _calendar_empty(view: _View) -> str | None:
    days = view.around.days
    if days is None or not view.schedule.calendar:
        return None
    if any(one.holidays or one.rules or one.overrides for one in days.calendars.values()):
        return None
    return f"{' and '.join(view.schedule.calendar)}: no holiday, rule or override, only a weekend"


def _roll_on_frequent_rule(view: _View) -> str | None:
    if view.schedule.roll in (None, Roll.SKIP) or view.interval is None or view.interval >= DAY:
        return None
    return (
        "it fires more than once a day, and what is rolled lands beside the runs of that day; roll skip leaves it out"
    )


def _jitter_longer_than_interval(view: _View) -> str | None:
    jitter = view.schedule.jitter
    if view.interval is None or jitter <= view.interval:
        return None
    return f"a jitter of {duration_text(jitter)} lets a run begin after the next, {duration_text(view.interval)} later"


def _zone_missing(view: _View) -> str | None:
    if view.schedule.time_zone != "UTC" or not view.is_fixed:
        return None
    return "no timeZone: its time is UTC, which no wall clock follows through the year in most places"


_Rule = Callable[[_View], str | None]
_RULES: tuple[tuple[str, Severity, _Rule], ...] = (
    ("neverFires", Severity.ERROR, _never_fires),
    ("day29To31", Severity.WARNING, _day_29_to_31),
    ("inDstHour", Severity.WARNING, _in_dst_hour),
    ("intervalShorterThanDuration", Severity.WARNING, _interval_shorter_than_duration),
    ("crowdedMinute", Severity.WARNING, _crowded_minute),
    ("retryLongerThanInterval", Severity.WARNING, _retry_longer_than_interval),
    ("catchUpAllUnbounded", Severity.WARNING, _catch_up_all_unbounded),
    ("calendarUnknownOrEmpty", Severity.WARNING, _calendar_empty),
    ("rollOnFrequentRule", Severity.WARNING, _roll_on_frequent_rule),
    ("jitterLongerThanInterval", Severity.WARNING, _jitter_longer_than_interval),
    ("zoneMissing", Severity.WARNING, _zone_missing),
)
