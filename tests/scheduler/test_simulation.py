"""What the simulation predicts is what then happens: the same schedules under the ticker, the store and a worker."""

import random
from typing import Any

from sqlalchemy import func, select

from rota.domain.calendar import Calendar
from rota.domain.execution import Claim, State
from rota.domain.freeze import Freeze, Scope
from rota.domain.instant import DAY, HOUR, MINUTE, SECOND, Instant, parse_instant
from rota.domain.job import Defaults, Job
from rota.domain.outcome import Cancelled, Succeeded
from rota.domain.planning import decided_next, next_after
from rota.domain.queue import QueueSettings
from rota.domain.schedule import Surroundings
from rota.domain.simulation import Outage, Setting, SimulatedJob, SimulatedSchedule, simulate
from rota.domain.working_days import WorkingDays
from rota.stores import calendars, executions, freezes, queues, schedules, workers
from rota.stores.base import Offer
from rota.stores.tables import executions as live

START = parse_instant("2026-03-25T09:00:30Z")
"""The clocks of Europe go forward on the fourth day."""
WEEK = 7 * DAY
SLOTS = 25
WORKER = "00000000-0000-7000-8000-00000000000a"
GERMANY = Calendar.parse({"holidays": [{"country": "DE"}], "rules": [{"name": "stocktaking", "date": "2026-03-27"}]})
ZONES = ("UTC", "Europe/Madrid", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe")
OUTAGES = (
    Outage(START + 30 * HOUR, START + 37 * HOUR + 20 * MINUTE),
    Outage(START + 99 * HOUR, START + 99 * HOUR + 30 * SECOND),
)


class Hands:
    """A worker's hands that take as long as they are told, and a clock that stops wherever something happens."""

    def __init__(self, works: Any, durations: dict[str, int], slots: int) -> None:
        self.works = works
        self.durations = durations
        self.slots = slots
        self.running: dict[str, tuple[Instant, Claim]] = {}
        self.latest: Instant | None = None
        works.database.writing(lambda tx: workers.beat(tx, WORKER, 30 * DAY))

    def pass_time(self, until: Instant) -> None:
        clock = self.works.clock
        while (now := self._next(clock.now())) is not None and now <= until:
            clock.set(now)
            self._end(now)
            if any(outage.starts_at <= now < outage.ends_at for outage in OUTAGES):
                continue
            if self.latest is not None and self.latest < now:
                self.works.rescuer.run_once()
            self.works.tick()
            self._cancel()
            self._begin(now)
        clock.set(until)

    def _next(self, now: Instant) -> Instant | None:
        ends = [at for at, _ in self.running.values()]
        out = [outage.ends_at for outage in OUTAGES if outage.starts_at <= now < outage.ends_at]
        if out:
            return min([*out, *ends])
        with self.works.database.read() as tx:
            scheduled = tx.connection.scalar(select(func.min(live.c.due_at)).where(live.c.state == "Scheduled"))
            waiting = live.c.state.in_(("Pending", "Scheduled"))
            latest = tx.connection.scalar(select(func.min(live.c.latest_start)).where(waiting))
            self.latest = latest
            times = [schedules.next_due_at(tx), scheduled, None if latest is None else latest + 1, *ends]
        return min((max(at, now) for at in times if at is not None), default=None)

    def _end(self, now: Instant) -> None:
        for id, (at, claim) in list(self.running.items()):
            if at <= now:
                del self.running[id]
                assert self.works.settle(claim, Succeeded())

    def _cancel(self) -> None:
        with self.works.database.read() as tx:
            asked = list(tx.connection.scalars(select(live.c.id).where(live.c.state == State.CANCELLING.value)))
        for id in asked:
            _, claim = self.running.pop(id)
            assert self.works.settle(claim, Cancelled())

    def _begin(self, now: Instant) -> None:
        free = self.slots - len(self.running)

        def work(tx: Any) -> list[Claim]:
            tx.hot.promote(tx)
            return executions.claim(tx, Offer(WORKER, free, 30 * DAY)) if free else []

        for claim in self.works.database.writing(work):
            self.running[claim.id] = (now + self.durations[claim.job_id or ""], claim)


def documents(draw: random.Random) -> list[dict[str, Any]]:
    """Two hundred schedules of every rule, with every policy."""
    rules: list[Any] = [
        lambda: {"every": draw.choice(("2h", "3h", "5h", "90m"))},
        lambda: {"cron": f"{draw.randrange(60)} {draw.randrange(0, 4)} * * *"},
        lambda: {"cron": f"{draw.randrange(0, 60, 15)} */{draw.choice((3, 4, 6))} * * MON-FRI"},
        lambda: {"daily": {"at": f"{draw.choice((0, 1, 2, 3, 12)):02}:{draw.choice((0, 15, 30)):02}"}},
        lambda: {"weekly": {"on": draw.sample(["MON", "TUE", "THU", "SUN"], 2), "at": "02:30"}},
        lambda: {"monthly": {"day": draw.choice((-1, 1, 28, 29)), "at": "02:15"}},
        lambda: {"monthly": {"nthBusinessDay": draw.choice((-2, -1, 1)), "at": "06:00"}},
        lambda: {"yearly": {"month": 3, "day": draw.randrange(25, 32), "at": "06:00"}},
        lambda: {"once": f"2026-03-{draw.randrange(26, 32)}T10:00:00Z"},
        lambda: {"after": f"{draw.randrange(1, 160)}h"},
        lambda: {"cron": "H H * * *"},
    ]
    made = []
    for number in range(200):
        document: dict[str, Any] = rules[number % len(rules)]()
        clocked = not {"every", "once", "after"} & document.keys()
        document |= {"timeZone": draw.choice(ZONES), "spread": f"schedule {number}"}
        document["overlap"] = draw.choice(("skip", "queueOne", "queueAll", "cancelPrevious", "killPrevious", "allow"))
        document["missed"] = draw.choice(("runLatest", "runEarliest", "runAll", "skip"))
        if draw.random() < 0.3:
            document["calendar"] = "germany"
            document["roll"] = (
                draw.choice(("following", "preceding", "modifiedFollowing", "skip")) if clocked else "skip"
            )
        extras: dict[str, Any] = {
            "jitter": draw.choice(("10m", "1h")),
            "overlapKey": draw.choice(("left", "right")),
            "maxLateness": draw.choice(("10m", "4h")),
            "maxCatchupRuns": draw.randrange(1, 4),
            "maxRuns": draw.randrange(1, 9),
            "dstGap": "skip",
            "dstOverlap": "both",
            "endsAt": "2026-03-30T00:00:00Z",
        }
        document |= {name: value for name, value in extras.items() if draw.random() < 0.2}
        if "once" in document or "after" in document:
            document.pop("endsAt", None)
        if "every" in document and draw.random() < 0.3:
            document["window"] = {"from": "22:00", "to": "07:00", "on": ["MON", "WED", "FRI", "SAT"]}
        made.append(document)
    made[0] = {"daily": {"at": "02:30"}, "timeZone": "Europe/Madrid", "dstGap": "skip"}
    return made


def test_what_is_predicted_happens(works: Any) -> None:
    """A week of 200 mixed schedules with outages, a freeze, caps and few slots: no instant differs."""
    draw = random.Random(20260325)
    works.clock.set(START)
    freeze = Freeze(START + 50 * HOUR, START + 53 * HOUR, "release", "ann", Scope(queues=("b",)))
    narrow = QueueSettings("b", priority=1, max_running=2)
    works.database.writing(lambda tx: calendars.add(tx, "germany", GERMANY, created_by="ann"))
    works.database.writing(lambda tx: freezes.add(tx, freeze))
    works.database.writing(lambda tx: queues.put(tx, narrow, changed_by="ann"))
    days = WorkingDays.of(["germany"], {"germany": GERMANY})
    durations: dict[str, int] = {}
    simulated: list[SimulatedSchedule] = []
    for number, document in enumerate(documents(draw)):
        fields: dict[str, Any] = {
            "queue": "ab"[number % 2],
            "priority": draw.randrange(3),
            "timeoutSeconds": 86400 * 30,
        }
        if number % 7 == 0:
            fields["maxConcurrentExecutions"] = 1
        job = works.job(name=f"job {number}", **fields)
        durations[job] = draw.choice((1, 40, 600, 3600, 3 * 3600)) * SECOND
        id = works.schedule(document, job)
        record = works.get(id)
        around = Surroundings(days if record.schedule.calendar else None)
        works.change(
            id,
            next_at=decided_next(record.schedule, START, around),
            fires_at=next_after(record.schedule, START, around),
        )
        read = Job.parse({"name": f"job {number}", "jobType": "echo", **fields}, defaults=Defaults())
        simulated.append(SimulatedSchedule(id, SimulatedJob(job, read, durations[job]), record.schedule, around))
    setting = Setting("DEV", SLOTS, [narrow], [freeze], OUTAGES)
    predicted = simulate(simulated, setting, start=START, until=START + WEEK)
    Hands(works, durations, SLOTS).pass_time(START + WEEK)

    foreseen: dict[str, list[tuple[Any, ...]]] = {one.id: [] for one in simulated}
    for one in predicted.occurrences:
        reason = None if one.decision == "skippedOverlap" else one.reason
        foreseen[one.schedule_id].append((one.nominal, one.decision.value, reason, one.decided_at))
    differences = []
    total = 0
    for one in simulated:
        happened = [
            (
                row.nominal_at,
                row.decision.value,
                None if row.decision == "skippedOverlap" else row.reason,
                row.decided_at,
            )
            for row in works.ledger(one.id)
        ]
        total += len(happened)
        if happened != sorted(foreseen[one.id]):
            differences.append((one.schedule.document(), foreseen[one.id], happened))
    starts = {(one.schedule_id, one.nominal): one.run for one in predicted.occurrences if one.run is not None}
    ran = 0
    for one in simulated:
        for record in works.executions(one.id):
            run = starts[one.id, record.nominal_at]
            ran += run.starts_at is not None
            assert (run.starts_at, run.due_at) == (record.started_at, record.due_at), one.schedule.document()
            assert run.cancelled == (record.state is State.CANCELLED)
            assert run.expired == (record.state is State.EXPIRED)
    print(f"{total} instants, {ran} runs, {len(differences)} schedules differ; {predicted.decisions}")
    assert differences == []
    assert {decision.value for decision in predicted.decisions} >= {
        "fired", "skippedOverlap", "skippedCalendar", "skippedPaused", "missed", "coalesced", "expired", "suppressedDst",
    }  # fmt: skip
    assert any(run.cancelled for run in starts.values())
    assert any(run.expired for run in starts.values())
