"""What the screens read: every store answers, and answers the same."""

import json

from rota.domain.execution import LIVE, NewExecution, State
from rota.domain.instant import DAY, HOUR, MINUTE, Instant
from rota.domain.job import Defaults, Job, JobState
from rota.domain.occurrence import Decision
from rota.domain.outcome import Failed, Outcome, Succeeded
from rota.domain.schedule import Schedule
from rota.domain.transition import decide
from rota.stores import durations, executions, history, jobs, occurrences, schedules, views
from rota.stores.base import Offer
from rota.stores.database import Database, Transaction
from rota.stores.identity import new_id
from rota.stores.jobs import JobRecord
from rota.stores.schedules import ScheduleRecord, ScheduleState
from rota.stores.tables import logs

WORKER = "01900000-0000-7000-8000-000000000001"


def add_job(tx: Transaction, name: str, **fields: object) -> str:
    job = Job.parse({"name": name, "jobType": "echo", **fields}, defaults=Defaults())
    id = new_id(tx.now)
    record = JobRecord(id, job.to_json(), JobState.ENABLED, "api", None, 1, None, None, "ann", "ann", tx.now, tx.now)
    jobs.add(tx, record)
    return id


def add_schedule(tx: Transaction, job: str, due: Instant) -> str:
    rule = Schedule.parse({"every": "1h", "anchor": "2026-01-01T00:00:00Z"}, now=tx.now, spread="")
    id = new_id(tx.now)
    record = ScheduleRecord(
        id=id, job_id=job, key=None, name=None, state=ScheduleState.ENABLED, rule=json.dumps(rule.document()),
        revision=1, revised_at=tx.now, cursor_at=tx.now, next_at=due, fires_at=due, runs=0, note=None,
        created_by="ann", changed_by="ann", created_at=tx.now, updated_at=tx.now,
    )  # fmt: skip
    schedules.add(tx, record)
    return id


def run(tx: Transaction, job: str | None, outcome: Outcome) -> str:
    """One execution from its acceptance to its end."""
    (id,) = executions.enqueue(tx, [NewExecution("echo", job_id=job, name="nightly")])
    for claim in executions.claim(tx, Offer(WORKER, 1, HOUR)):
        executions.settle(tx, [decide(claim, outcome, tx.now)])
    return id


def test_the_newest_runs_of_each_job_are_found_wherever_they_are(each_store: Database) -> None:
    with each_store.write() as tx:
        first, second, none = (add_job(tx, name) for name in ("a", "b", "c"))
        ended = [run(tx, first, Succeeded()) for _ in range(3)]
        failed = run(tx, second, Failed("no", retryable=False))
        (waiting,) = executions.enqueue(tx, [NewExecution("echo", job_id=first)])
    with each_store.read() as tx:
        found = views.newest_runs(tx, [first, second, none], 3)
        assert [run.id for run in found[first]] == [waiting, *ended[:0:-1]]
        assert [(run.id, run.state) for run in found[second]] == [(failed, State.FAILED)]
        assert found[none] == []
        assert views.newest_runs(tx, [], 3) == {}
        taking = durations.newest_of_jobs(tx, [first, second, none])
        assert set(taking) == {first}
        assert 0 <= taking[first].median <= taking[first].p95 < MINUTE


def test_bars_of_a_stretch_of_time_go_from_page_to_page(each_store: Database) -> None:
    with each_store.write() as tx:
        job = add_job(tx, "a")
        broken = run(tx, job, Failed("no", retryable=False))
        ids = [broken, *(run(tx, job, Succeeded()) for _ in range(5))]
        executions.enqueue(tx, [NewExecution("echo", job_id=job), NewExecution("echo", due_at=tx.now + DAY)])
    with each_store.read() as tx:
        seen: list[str] = []
        before = None
        while page := views.ended_runs(tx, tx.now - HOUR, tx.now + HOUR, 2, before):
            seen += [bar.id for bar in page]
            before = (page[-1].finished_at or 0, page[-1].id)
        assert sorted(seen) == sorted(ids)
        assert len(seen) == len(set(seen))
        assert views.ended_runs(tx, tx.now + HOUR, tx.now + 2 * HOUR, 5) == []
        failed = views.ended_runs(tx, tx.now - HOUR, tx.now + HOUR, 9, None, [State.FAILED])
        assert [bar.id for bar in failed] == [broken]
        (live,) = views.live_runs(tx, LIVE, tx.now + HOUR, 5)
        assert (live.state, live.finished_at, live.started_at) == (State.PENDING, None, None)


def test_failures_carry_what_tells_them_apart(each_store: Database) -> None:
    with each_store.write() as tx:
        job = add_job(tx, "a")
        run(tx, job, Succeeded())
        first = run(tx, job, Failed("first", retryable=False, stack='File "x.py", line 3, in f'))
        last = run(tx, None, Failed("l" * 5000, retryable=False, stack="é" * 9000 + "!"))
    with each_store.read() as tx:
        found = views.failures(tx, tx.now - DAY, 10)
        assert [one.id for one in found] == [last, first]
        assert (found[1].error, found[1].stack, found[1].job_id) == ("first", 'File "x.py", line 3, in f', job)
        assert found[0].error == "l" * 1000
        assert found[0].stack == "é" * 3999 + "!", "the end of it: there it was raised"
        assert views.failures(tx, tx.now + HOUR, 10) == []


def test_instants_that_were_not_met_and_schedules_that_are_late(each_store: Database) -> None:
    with each_store.write() as tx:
        now = tx.now
        job = add_job(tx, "a")
        late, due = add_schedule(tx, job, now - HOUR), add_schedule(tx, job, now + HOUR)
        occurrences.record(
            tx,
            [
                (late, now - 3 * HOUR, Decision.FIRED, None, None),
                (late, now - 2 * HOUR, Decision.MISSED, "nobody was there", None),
                (due, now - 2 * HOUR, Decision.SKIPPED_CALENDAR, "Sunday", None),
            ],
        )
    with each_store.read() as tx:
        (missed,) = views.unmet(tx, now - DAY, [Decision.MISSED, Decision.EXPIRED], 5)
        assert (missed.schedule_id, missed.job_id, missed.job_name) == (late, job, "a")
        assert (missed.decision, missed.reason) == (Decision.MISSED, "nobody was there")
        assert views.unmet(tx, tx.now + HOUR, [Decision.MISSED], 5) == []
        (overdue,) = views.overdue(tx, now - MINUTE, 5)
        assert (overdue.schedule_id, overdue.job_name, overdue.next_at) == (late, "a", now - HOUR)


def test_jobs_are_counted_by_what_they_can_be_chosen_by(each_store: Database) -> None:
    with each_store.write() as tx:
        before = views.changes_of_time(tx)
        for name, team in (("a", "data"), ("b", "data"), ("c", "web"), ("d", None)):
            add_job(tx, name, **({} if team is None else {"teamName": team}))
    with each_store.read() as tx:
        found = views.facets(tx)
        assert found["teams"] == [("data", 2), ("web", 1)]
        assert found["states"] == [("Enabled", 4)]
        assert found["owners"] == []
        assert views.changes_of_time(tx) != before


def test_lines_above_a_line_are_read_in_their_order(each_store: Database) -> None:
    with each_store.write() as tx:
        (id,) = executions.enqueue(tx, [NewExecution("echo")])
        for token in (1, 2):
            for line in range(1, 6):
                values = {"execution_id": id, "token": token, "line": line, "at": tx.now, "stream": "stdout"}
                tx.execute(logs.insert().values(**values, text=f"{token}.{line}"))
    with each_store.read() as tx:
        above = history.lines_of(tx, id, before=(2, 2), limit=3, tail=True)
        assert [(line.token, line.line) for line in above] == [(1, 4), (1, 5), (2, 1)]
        assert history.lines_of(tx, id, before=(1, 1), limit=3, tail=True) == []
        assert [line.text for line in history.lines_of(tx, id, before=(2, 1), limit=9, search=".3")] == ["1.3"]
