"""Whatever is done to a sealed chain is found, and nothing is found in one that was left alone."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.domain.audit import (
    NONCE_BYTES,
    ORIGIN,
    Finding,
    Flaw,
    Keyring,
    Link,
    Written,
    examine,
    link,
    seal,
    sealed_with,
)

KEY, OTHER = b"k" * 32, b"o" * 32
Chain = list[tuple[Link, Written | None]]

texts = st.text(st.characters(codec="utf-8"), max_size=20)
entries = st.builds(
    Written, st.integers(0, 2**53), texts, texts, texts, st.none() | texts, st.none() | texts, st.just(None)
)


def chained(written: list[Written], *keys: bytes, start: int = 1) -> Chain:
    """The entries, sealed and linked; the first under the first key, the last under the last."""
    before, found = ORIGIN, []
    for number, entry in enumerate(written):
        key = keys[number * len(keys) // len(written)]
        own = replace(entry, seal=seal(key, entry, number.to_bytes(NONCE_BYTES)))
        name = Keyring(key).name
        found.append((Link(start + number, link(key, before, start + number, own), name), own))
        before = found[-1][0].digest
    return found


def flaws(chain: Chain, *keys: bytes) -> list[Finding]:
    return list(examine(Keyring(keys[0] if keys else b"", keys[1:]), chain))


@given(st.lists(entries, min_size=1, max_size=6), st.sampled_from([b"", KEY]))
def test_what_was_left_alone_has_no_flaw(written: list[Written], key: bytes) -> None:
    chain = chained(written, key)
    assert flaws(chain, key) == []
    assert all(entry and sealed_with(Keyring(key), entry, keyed=True) == key for _, entry in chain)


@given(st.lists(entries, min_size=1, max_size=6), st.data())
def test_a_changed_column_is_found_where_it_is(written: list[Written], data: st.DataObject) -> None:
    chain = chained(written, KEY)
    place = data.draw(st.integers(0, len(chain) - 1))
    found, entry = chain[place]
    assert entry is not None
    name = data.draw(st.sampled_from(["at", "actor", "action", "noun", "subject_id", "detail"]))
    value: Any = entry.at + 1 if name == "at" else (getattr(entry, name) or "") + "x"
    changed = replace(entry, **{name: value})
    chain[place] = (found, changed)
    assert flaws(chain, KEY) == [Finding(place + 1, Flaw.CHANGED)]
    assert sealed_with(Keyring(KEY), changed, keyed=True) is None


def test_what_moves_from_one_column_to_the_next_is_found() -> None:
    entry = Written(1, "ann", "pause", "job", None, None)
    (found, own), *_ = chained([entry], KEY)
    moved = replace(entry, actor="an", action="npause", seal=own and own.seal)
    assert flaws([(found, moved)], KEY) == [Finding(1, Flaw.CHANGED)]


@given(st.lists(entries, min_size=3, max_size=6), st.data())
def test_an_entry_that_is_gone_is_named(written: list[Written], data: st.DataObject) -> None:
    chain = chained(written, KEY)
    place = data.draw(st.integers(0, len(chain) - 2))
    link_left: Chain = [*chain[:place], (chain[place][0], None), *chain[place + 1 :]]
    assert flaws(link_left, KEY) == [Finding(place + 1, Flaw.MISSING)]
    both_gone = [*chain[:place], *chain[place + 1 :]]
    assert flaws(both_gone, KEY) == [Finding(place + 2, Flaw.CHANGED)]


@given(st.lists(entries, min_size=2, max_size=6), st.data())
def test_entries_that_changed_places_are_named(written: list[Written], data: st.DataObject) -> None:
    chain = chained(written, KEY)
    one, other = sorted(data.draw(st.sets(st.integers(0, len(chain) - 1), min_size=2, max_size=2)))
    swapped = list(chain)
    swapped[one], swapped[other] = (chain[one][0], chain[other][1]), (chain[other][0], chain[one][1])
    assert [finding.seq for finding in flaws(swapped, KEY)] == [one + 1, other + 1]


@given(st.lists(entries, min_size=2, max_size=6), st.data())
def test_who_has_no_key_cannot_write_the_rest_anew(written: list[Written], data: st.DataObject) -> None:
    chain = chained(written, KEY)
    place = data.draw(st.integers(1, len(chain) - 1))
    for forged_with in (OTHER, b""):
        before, forged = chain[place - 1][0].digest, chain[:place]
        for found, entry in chain[place:]:
            own = replace(entry, actor="mallory") if entry else Written(1, "mallory", "x", "y", None, None)
            for name in ("", Keyring(KEY).name):
                digest = link(forged_with, before, found.seq, own)
                assert flaws([*forged, (Link(found.seq, digest, name), own)], KEY)[0].seq == place + 1
            forged.append((Link(found.seq, digest, name), own))
            before = digest


@given(st.lists(entries, min_size=4, max_size=6))
def test_a_key_may_come_and_be_replaced_but_not_go(written: list[Written]) -> None:
    assert flaws(chained(written, b"", KEY, OTHER), OTHER, KEY) == []
    without = flaws(chained(written, KEY, OTHER), OTHER)
    assert {finding.flaw for finding in without} == {Flaw.UNKNOWN_KEY}
    gone = flaws(chained(written, KEY, b""), KEY)
    assert gone
    assert {finding.flaw for finding in gone} == {Flaw.KEY_DROPPED}


@pytest.mark.parametrize("keyed", [False, True])
def test_what_was_written_before_there_was_a_key_counts_until_the_chain_has_one(keyed: bool) -> None:
    entry = Written(1, "ann", "pause", "job", None, None)
    own = replace(entry, seal=seal(b"", entry, bytes(NONCE_BYTES)))
    assert sealed_with(Keyring(KEY), own, keyed=keyed) == (None if keyed else b"")
    assert sealed_with(Keyring(KEY), entry, keyed=keyed) is None


def test_a_key_is_not_shown() -> None:
    ring = Keyring(KEY, (OTHER,))
    assert "k" * 8 not in repr(ring)
    assert ring.name not in (Keyring(OTHER).name, "")
    assert (ring.named(ring.name), ring.named(Keyring(OTHER).name), ring.named("")) == (KEY, OTHER, b"")
    assert Keyring().name == ""
