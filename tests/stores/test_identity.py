"""Ids: UUIDv7, in the order given, whatever the clock does."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from rota.domain.instant import SECOND
from rota.stores.history import first_id_at
from rota.stores.identity import new_id, new_ids

FUTURE = 8_000_000_000 * SECOND
"""Later than anything other tests ask for, because ids never go back within a process."""


@given(st.integers(1, 50))
def test_they_are_uuids_of_version_seven_that_grow(count: int) -> None:
    ids = new_ids(SECOND, count)
    assert ids == sorted(ids)
    assert len(set(ids)) == count
    for id in ids:
        assert str(UUID(id)) == id
        assert (UUID(id).version, UUID(id).variant) == (7, "specified in RFC 4122")


def test_they_hold_the_millisecond_and_more() -> None:
    ids = [new_id(FUTURE + micros) for micros in (0, 1, 999, 1000)]
    assert [UUID(id).int >> 80 for id in ids] == [FUTURE // 1000] * 3 + [FUTURE // 1000 + 1]
    assert ids == sorted(ids)


def test_a_clock_that_goes_back_does_not_turn_the_order() -> None:
    later = new_id(FUTURE + 10 * SECOND)
    assert new_id(FUTURE) > later


def test_equal_times_in_many_threads_never_tie() -> None:
    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(lambda _: new_ids(FUTURE, 200), range(40)))
    assert all(batch == sorted(batch) for batch in batches)
    assert len({id for batch in batches for id in batch}) == 8000


def test_a_bound_in_time_is_a_bound_of_ids() -> None:
    id = new_id(FUTURE + 20 * SECOND)
    assert first_id_at(FUTURE + 20 * SECOND) <= id < first_id_at(FUTURE + 21 * SECOND)
    assert first_id_at(-5) < first_id_at(2**70) <= "f" * 36
