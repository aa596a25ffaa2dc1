"""Exceptions, freezes and replaced decisions in every store."""

from rota.domain.freeze import Freeze, Scope
from rota.domain.occurrence import Decision
from rota.domain.schedule_exception import ExceptionKind, ScheduleException
from rota.stores import bell, freezes, occurrences, schedule_exceptions, schedules
from rota.stores.database import Database
from stores_under_test.filling import fill


def test_exceptions_go_with_their_schedule(each_store: Database) -> None:
    fill(each_store, 3)
    skip = ScheduleException(10, ExceptionKind.SKIP, until=2**60, by="ann", reason="närrisch 🎭")
    move = ScheduleException(5, ExceptionKind.MOVE, to=7, by="bob")
    with each_store.write() as tx:
        first, other, *_ = schedules.find(tx, limit=5)
        kept = [schedule_exceptions.add(tx, first.id, one) for one in (skip, move)]
        apart = schedule_exceptions.add(tx, other.id, skip)
        assert bell.SCHEDULES in tx.topics
        held = schedules.held(tx, first.id)
        assert held == first
    with each_store.read() as tx:
        assert schedule_exceptions.find(tx, first.id, limit=5) == kept[::-1]
        assert schedule_exceptions.find(tx, first.id, limit=5, before=kept[1].id) == kept[:1]
        assert schedule_exceptions.of(tx, [first.id, other.id]) == {first.id: kept[::-1], other.id: [apart]}
        assert schedule_exceptions.count(tx, first.id) == 2
    with each_store.write() as tx:
        assert schedule_exceptions.remove(tx, first.id, apart.id) is None
        assert schedule_exceptions.remove(tx, first.id, kept[0].id) == kept[0]
        schedules.remove(tx, [other.id])
        assert schedule_exceptions.count(tx, first.id) == 1
        assert schedule_exceptions.count(tx, other.id) == 0


def test_freezes_page_by_their_making(each_store: Database) -> None:
    with each_store.write() as tx:
        over = freezes.add(tx, Freeze(1, 2, "r", "ann", Scope(tags=("ä",))))
        coming = freezes.add(tx, Freeze(5, 2**60, "r", "ann"))
    with each_store.read() as tx:
        assert freezes.find(tx, limit=5) == [coming, over]
        assert freezes.find(tx, limit=1, before=coming.id) == [over]
        assert freezes.find(tx, limit=5, ending_after=2) == [coming]
        assert freezes.lasting(tx, 1) == [over, coming]
    with each_store.write() as tx:
        assert freezes.remove(tx, over.id) == over
        assert freezes.remove(tx, over.id) is None


def test_decisions_are_replaced_and_no_others(each_store: Database) -> None:
    fill(each_store, 3)
    with each_store.write() as tx:
        first, other, *_ = (record.id for record in schedules.find(tx, limit=5))
        occurrences.record(tx, [(id, at, Decision.MISSED, "late", None) for id in (first, other) for at in range(2500)])
    with each_store.write() as tx:
        occurrences.replace(tx, [(first, at, Decision.FIRED, "backfill", None) for at in range(1, 2600)])
    with each_store.read() as tx:
        found = occurrences.decided(tx, first, 0, 3000, 5000)
        assert list(found) == list(range(2600))
        assert found[0] == (Decision.MISSED, "late")
        assert set(list(found.values())[1:]) == {(Decision.FIRED, "backfill")}
        assert set(occurrences.decided(tx, other, 0, 3000, 5000).values()) == {(Decision.MISSED, "late")}
        assert list(occurrences.decided(tx, first, 5, 9, 3)) == [5, 6, 7]
        some = occurrences.find(tx, first, limit=5, since=5, until=7)
        assert [one.nominal_at for one in some] == [7, 6, 5]


def test_a_schedule_that_somebody_changes_is_left_alone_by_the_ticker(each_store: Database) -> None:
    fill(each_store, 4)
    with each_store.read() as tx:
        due = schedules.due(tx, 2**60, 5)
    assert len(due) == 2
    with each_store.write() as tx:
        assert schedules.held(tx, "no id") is None
        changed = schedules.held(tx, due[0].id)
        assert changed is not None
        if not each_store.on_one_host:
            with each_store.write() as beside:
                assert schedules.hold(beside, due) == {due[1].id}
    with each_store.write() as tx:
        assert schedules.hold(tx, due) == {one.id for one in due}
