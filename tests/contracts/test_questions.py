"""Every store understands every question that lists and reports ask, and gives the same answer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert

from rota.domain.execution import TERMINAL, NewExecution, State
from rota.domain.instant import DAY, HOUR
from rota.domain.job import JobState
from rota.domain.outcome import Failed, Succeeded
from rota.domain.transition import decide
from rota.stores import (
    access,
    audit,
    control,
    coordinators,
    executions,
    freezes,
    history,
    jobs,
    occurrences,
    queues,
    reports,
    schedule_exceptions,
    schedules,
    workers,
)
from rota.stores.base import Offer
from rota.stores.database import Database, Transaction
from rota.stores.history import Filter
from rota.stores.identity import new_ids
from rota.stores.jobs import JobFilter
from rota.stores.tables import history as finished
from rota.testing import ManualClock
from stores_under_test.filling import WORKER, fill

ROWS = 40


@pytest.mark.parametrize(
    ("question", "holds"),
    [
        (lambda tx: history.page(tx, Filter(), before=None, limit=500), lambda found: len(found) == 2 * ROWS),
        (lambda tx: history.page(tx, Filter(states=TERMINAL), before=None, limit=500), lambda found: len(found) == ROWS),
        (lambda tx: history.page(tx, Filter(states=frozenset({State.FAILED})), before="f", limit=5), lambda found: not found),
        (lambda tx: history.page(tx, Filter(search="ECHO"), before=None, limit=5), lambda found: not found),
        (lambda tx: history.page(tx, Filter(since=tx.now - DAY, until=tx.now + 365_000 * DAY), before=None, limit=500), bool),
        (lambda tx: history.page(tx, Filter(finished_since=ROWS - 5), before=None, limit=500), lambda found: len(found) == 5),
        (lambda tx: history.page(tx, Filter(job_id="nobody", queue="q", trigger="manual"), before=None, limit=5), lambda found: not found),
        (lambda tx: history.page(tx, Filter(type="echo", worker_id=WORKER), before=None, limit=5), bool),
        (lambda tx: history.get(tx, "no id"), lambda found: found is None),
        (lambda tx: jobs.find(tx, JobFilter(search="A", state=JobState.ENABLED), limit=5), lambda found: len(found) == 1),
        (lambda tx: jobs.find(tx, JobFilter(search="50%_", tag="x", owner="o", team="t", type="y"), limit=5), lambda found: not found),
        (lambda tx: jobs.by_name(tx, "A"), lambda found: not found),
        (lambda tx: jobs.by_name(tx, "a"), lambda found: len(found) == 1),
        (lambda tx: schedules.find(tx, limit=500), lambda found: len(found) == ROWS),
        (lambda tx: schedules.due(tx, tx.now + HOUR, 500), lambda found: len(found) == ROWS // 2),
        (lambda tx: occurrences.find(tx, WORKER, limit=5), lambda found: not found),
        (lambda tx: occurrences.find(tx, WORKER, limit=5, since=0, until=tx.now), lambda found: not found),
        (lambda tx: occurrences.decided(tx, WORKER, 0, tx.now, 5), lambda found: not found),
        (lambda tx: schedule_exceptions.find(tx, WORKER, limit=5, before="f"), lambda found: not found),
        (lambda tx: schedule_exceptions.count(tx, WORKER), lambda found: found == 0),
        (lambda tx: freezes.find(tx, limit=5, before="f", ending_after=0), lambda found: not found),
        (lambda tx: reports.live(tx), lambda found: sum(found.values()) == ROWS),
        (lambda tx: reports.backlogs(tx), lambda found: [one.queue for one in found] == ["default"]),
        (lambda tx: reports.failing(tx, 0, 5), lambda found: not found),
        (lambda tx: reports.upcoming(tx, tx.now + HOUR, 5), lambda found: len(found) == 5),
        (lambda tx: reports.jobs_by_state(tx), lambda found: found == {"Enabled": 1}),
        (lambda tx: reports.schedules_by_state(tx, tx.now), lambda found: sum(found[0].values()) == ROWS),
        (lambda tx: reports.workers_by_state(tx), lambda found: set(found) == {"Alive"}),
        (lambda tx: queues.loads(tx), lambda found: set(found) == {"default"}),
        (lambda tx: workers.page(tx, before=None, limit=5, states=("Alive",)), lambda found: len(found) == 1),
        (lambda tx: coordinators.serving(tx, 0), lambda found: not found),
        (lambda tx: audit.page(tx, before=None, limit=5, noun="job"), lambda found: not found),
        (lambda tx: access.page(tx, before=None, limit=5), lambda found: not found),
        (lambda tx: access.count(tx, usable_admins_at=tx.now), lambda found: found == 0),
        (lambda tx: control.live_of(tx), lambda found: len(found) == ROWS),
    ],
)  # fmt: skip
def test_each_question_has_the_same_answer(
    each_store: Database, question: Callable[[Transaction], Any], holds: Callable[[Any], bool]
) -> None:
    fill(each_store, ROWS)
    assert holds(each_store.reading(question))


def test_what_ended_counts_for_its_day(make_store: Callable[[], tuple[Database, ManualClock]]) -> None:
    """Also in the last hour of the day: a division rounds here and cuts off there."""
    store, _ = make_store()
    past = {
        "type": "echo", "kind": "python", "queue": "default", "priority": 0, "state": "Succeeded", "due_at": 1,
        "created_at": 1, "attempt": 1, "timeout": 1, "max_attempts": 1, "trigger": "manual",
    }  # fmt: skip
    ends = (3 * DAY, 3 * DAY + 13 * HOUR, 4 * DAY - 1, 4 * DAY)
    with store.write() as tx:
        rows = [
            past | {"id": id, "started_at": end - 5, "finished_at": end}
            for id, end in zip(new_ids(1, 4), ends, strict=True)
        ]
        tx.execute(insert(finished), rows)
    found = store.reading(lambda tx: reports.ended(tx, 0, 5 * DAY))
    assert sorted((one.day, one.count, one.took) for one in found) == [(3 * DAY, 3, 15), (4 * DAY, 1, 5)]


def test_what_failed_most_comes_first(each_store: Database) -> None:
    fill(each_store, ROWS)
    job_id = each_store.reading(lambda tx: jobs.by_name(tx, "a"))[0].id
    with each_store.write() as tx:
        now = tx.now
        executions.enqueue(tx, [NewExecution("x", job_id=job_id, queue="own", priority=9)] * 3)
        claims = executions.claim(tx, Offer(WORKER, 3, HOUR, queues=["own"]))
        outcomes = (Failed("a", retryable=False), Failed("b", retryable=False), Succeeded(1))
        executions.settle(tx, [decide(replace(c), o, tx.now) for c, o in zip(claims, outcomes, strict=True)])
    (failing,) = each_store.reading(lambda tx: reports.failing(tx, now - HOUR, 5))
    assert (failing.job_id, failing.failed, failing.total) == (job_id, 2, 3)
    page = each_store.reading(lambda tx: history.page(tx, Filter(job_id=job_id), before=None, limit=5))
    assert [record.state for record in page] == [State.SUCCEEDED, State.FAILED, State.FAILED]


def test_long_texts_are_kept_whole(each_store: Database) -> None:
    """A result of more than 64 KiB, and characters outside the basic plane."""
    result = "\U0001f680 x" * 30_000
    with each_store.write() as tx:
        workers.register(tx, workers.NewWorker(WORKER, "w", 1, "database"), HOUR)
        (id,) = executions.enqueue(tx, [NewExecution("x")])
        (claim,) = executions.claim(tx, Offer(WORKER, 1, HOUR))
        executions.settle(tx, [decide(claim, Succeeded(result), tx.now)])
    record = each_store.reading(lambda tx: history.get(tx, id))
    assert record is not None
    assert history.value_of(record.result) == result
