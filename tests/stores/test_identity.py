"""Ids: UUIDv7 in the order of time, also across the borders of milliseconds."""

import uuid

import pytest

from rota.stores import identity


@pytest.fixture(autouse=True)
def own_sequence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids never go back within a process: the times of these tests must not reach the others."""
    monkeypatch.setattr(identity, "_last", 0)


def test_ids_of_one_call_are_distinct_increasing_uuids_of_version_7() -> None:
    ids = identity.new_ids(1_700_000_000_123_456, 3000)
    assert ids == sorted(set(ids))
    for id in ids:
        parsed = uuid.UUID(id)
        assert str(parsed) == id
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)


def test_an_id_tells_its_millisecond() -> None:
    far = 4_000_000_000_000_000  # beyond every id that was made before
    assert [uuid.UUID(id).int >> 80 for id in identity.new_ids(far + 999, 2)] == [4_000_000_000_000, 4_000_000_000_001]


def test_ids_never_go_back_when_the_clock_does() -> None:
    later = identity.new_id(5_000_000_000_000_000)
    assert identity.new_id(1) > later
