"""How long jobs take, alike in every store, and which schedules, jobs and calendars are found together."""

from uuid import uuid4

from rota.domain.calendar import Calendar
from rota.domain.instant import DAY, SECOND
from rota.stores import calendars, durations, jobs, schedules
from rota.stores.database import Database, Transaction
from rota.stores.tables import history

REPORT, OTHER, NOBODY = (f"01900000-0000-7000-8000-00000000000{n}" for n in (1, 2, 3))


def ran(tx: Transaction, job_id: str, *seconds: int, state: str = "Succeeded", ago: int = 0) -> None:
    now = tx.now - ago
    for length in seconds:
        id = f"{now // 1000:012x}"
        tx.execute(
            history.insert().values(
                id=f"{id[:8]}-{id[8:]}-7000-8000-{uuid4().hex[:12]}", job_id=job_id, type="echo", kind="python", queue="default", priority=0, state=state, due_at=now,
                created_at=now, attempt=1, timeout=1, max_attempts=1, trigger="manual", started_at=now - length * SECOND,
                finished_at=now,
            )
        )  # fmt: skip


def test_median_and_p95_are_those_of_successful_runs_of_late(each_store: Database) -> None:
    with each_store.write() as tx:
        ran(tx, REPORT, 5000, ago=40 * DAY)
        ran(tx, REPORT, *range(100, 0, -1))
        ran(tx, REPORT, 9000, state="Failed")
        ran(tx, OTHER, 7)
        ran(tx, OTHER, 3)
    with each_store.read() as tx:
        found = durations.of_jobs(tx, [REPORT, OTHER, NOBODY], tx.now - durations.LATELY)
        assert durations.of_jobs(tx, [], 0) == {}
    assert {id: (one.median // SECOND, one.p95 // SECOND) for id, one in found.items()} == {
        REPORT: (50, 95),
        OTHER: (3, 7),
    }


def test_what_is_asked_for_by_id_may_be_missing(each_store: Database) -> None:
    with each_store.write() as tx:
        for name, parents in (("land", []), ("plant", ["land"]), ("hall", ["plant", "land"])):
            calendars.add(tx, name, Calendar.parse({"parents": parents}), created_by="ann")
    with each_store.read() as tx:
        assert (jobs.of_ids(tx, [NOBODY]), jobs.of_ids(tx, [])) == ({}, {})
        assert schedules.of_ids(tx, [NOBODY]) == []
        assert schedules.enabled(tx, [NOBODY], limit=5) == schedules.enabled(tx, None, limit=5) == []
        assert sorted(calendars.family(tx, "land")) == ["hall", "land", "plant"]
        assert calendars.family(tx, "hall") == ["hall"]
