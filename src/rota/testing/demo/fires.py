"""What happened when, in the order of time: the fires that the schedules name, and what people and systems triggered."""

from dataclasses import dataclass, field
from random import Random

from rota.domain.instant import DAY, HOUR, MINUTE, SECOND, Instant
from rota.domain.missed import Overlap
from rota.domain.occurrence import Decision, Occurrence
from rota.domain.planning import due
from rota.domain.schedule import Surroundings
from rota.domain.zone import Moment
from rota.stores.schedules import ScheduleRecord
from rota.testing.demo.definitions import Defined
from rota.testing.demo.size import Size

Happening = tuple[Instant, int, int, Instant | None, int]
"""when, number of the job (-1: none), number of its schedule, nominal instant, and what: one of those below, or by how
much at least a run that begins then takes long"""
FIRE, TRIGGER, OVERLAPPED = 0, 1, 2
OF_NO_JOB = -1

Entry = tuple[str, Instant, str, str | None, str | None, Instant]
"""A row of the ledger."""

_LAST = 2 * MINUTE
"""Nothing begins later than that before now, so that it has ended by now."""
_LEDGER = 3 * DAY
_LEDGER_OF_RARE = 14 * DAY
_OUTAGE_AGO, _OUTAGE = 27 * HOUR, 25 * MINUTE
_OVERLAPS = 0.004
_MOST_SCHEDULED = 0.97
_BY_HAND, _OF_NO_JOB = 0.03, 0.02
_HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 13, 11, 12, 14, 14, 12, 9, 6, 5, 4, 3, 2, 1)
_ON_SUNDAYS = 0.35


@dataclass(slots=True)
class Course:
    """The happenings, and the ledger as far as no execution belongs to it."""

    size: Size
    now: Instant
    jobs: list[Defined]
    around: dict[str, Surroundings]
    happenings: list[Happening] = field(default_factory=list)
    ledger: list[Entry] = field(default_factory=list)
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        """Chance of its own."""
        self.random = self.size.random("fires")

    @property
    def start(self) -> Instant:
        """When the past begins."""
        return self.now - self.size.span

    def kept(self, one: Defined) -> Instant:
        """Since when the ledger is filled for a job."""
        frequent = one.blueprint.rhythm in ("frequent", "quarterly", "hourly")
        return max(self.start, self.now - (_LEDGER if frequent else _LEDGER_OF_RARE))

    def run(self, wanted: int) -> list[Happening]:
        """Exactly so many executions, and the instants that fired none, oldest first."""
        for number, one in enumerate(self.jobs):
            for which, schedule in enumerate(one.schedules):
                self._fires(number, which, one, schedule)
        most = int(wanted * _MOST_SCHEDULED)
        fires = [one for one in self.happenings if one[4] != OVERLAPPED]
        others = [one for one in self.happenings if one[4] == OVERLAPPED]
        if len(fires) > most:
            fires = self.random.sample(fires, most)
        found = fires + others + [self._trigger() for _ in range(wanted - len(fires))]
        return sorted(found, key=lambda one: one[:3])

    def _fires(self, number: int, which: int, one: Defined, schedule: ScheduleRecord) -> None:
        """Every instant of a schedule."""
        around = self.around[schedule.id]
        rule = schedule.schedule
        kept, end = self.kept(one), self.now - _LAST
        rests = end if one.rests is None else one.rests
        broke, mended = self.now - _OUTAGE_AGO, self.now - _OUTAGE_AGO + _OUTAGE
        skips = rule.overlap is Overlap.SKIP and one.blueprint.rhythm in ("frequent", "quarterly")
        for moment in rule.timeline(around).moments(max(self.start, one.begins)):
            at = moment.instant
            if at > end:
                break
            if at > rests or not moment.fires:
                if at >= kept:
                    self._withheld(one, schedule, moment, resting=at > rests)
            elif broke < at <= mended:
                continue
            elif skips and at >= kept and self.random.random() < _OVERLAPS:
                self._overlapped(number, which, at)
            else:
                self.happenings.append((rule.due_at(at), number, which, at, FIRE))
        if one.begins < broke and rests > mended:
            given = due(rule, cursor=broke, now=mended, revised_at=0, runs=0, around=around)
            self._after_outage(number, which, schedule, given.decisions, mended)

    def _withheld(self, one: Defined, schedule: ScheduleRecord, moment: Moment, *, resting: bool) -> None:
        """An instant that fired nothing because of the calendar, or because somebody had let the job rest."""
        if moment.withheld is not None:
            decision, reason = moment.withheld.decision, moment.withheld.reason
        elif resting:
            decision, reason = Decision.SKIPPED_PAUSED, one.why
        self.ledger.append((schedule.id, moment.instant, decision.value, reason, None, moment.instant + SECOND // 5))

    def _overlapped(self, number: int, which: int, at: Instant) -> None:
        """The run before is made a long one, and this instant fires nothing."""
        if self.happenings and self.happenings[-1][1:3] == (number, which):
            before = self.happenings[-1]
            self.happenings[-1] = (*before[:4], at - before[0] + MINUTE)
            self.happenings.append((at, number, which, at, OVERLAPPED))

    def _after_outage(
        self, number: int, which: int, schedule: ScheduleRecord, decided: list[Occurrence], at: Instant
    ) -> None:
        """No coordinator ran for a while: what became of the instants in between, by the schedule's own policy."""
        for one in decided:
            if one.decision is Decision.FIRED:
                self.happenings.append((at + self.random.randrange(SECOND), number, which, one.nominal, FIRE))
            else:
                self.ledger.append((schedule.id, one.nominal, one.decision.value, one.reason, None, at))

    def _trigger(self) -> Happening:
        """Something that a person or another system started, mostly during the day."""
        chance = self.random.random()
        if chance < _OF_NO_JOB:
            return (self._some_time(self.start), OF_NO_JOB, 0, None, TRIGGER)
        number = self.random.randrange(len(self.jobs))
        while (self.jobs[number].blueprint.rhythm == "none") is (chance < _OF_NO_JOB + _BY_HAND):
            number = self.random.randrange(len(self.jobs))
        return (self._some_time(max(self.start, self.jobs[number].begins)), number, 0, None, TRIGGER)

    def _some_time(self, first: Instant) -> Instant:
        while True:
            day = self.random.randrange(first - first % DAY, self.now, DAY)
            hour = self.random.choices(range(24), _HOURS)[0]
            at = day + hour * HOUR + self.random.randrange(HOUR)
            sunday = (at // DAY + 4) % 7 == 0
            if first < at < self.now - _LAST and not (sunday and self.random.random() > _ON_SUNDAYS):
                return at
