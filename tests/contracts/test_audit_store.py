"""The audit on every store: sealed as it is written, chained behind the writers, and whatever is done to it is found."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from rota.config import Config
from rota.domain.access import SYSTEM
from rota.domain.audit import Flaw, Keyring
from rota.domain.errors import ConfigurationInvalid
from rota.domain.instant import MINUTE
from rota.scheduler.sealer import Sealer
from rota.service import audit as service
from rota.service.audit import Verdict
from rota.service.context import ServiceContext
from rota.stores import anchors, audit
from rota.stores import numbers as stored_numbers
from rota.stores.database import Database, Transaction
from rota.stores.tables import audit as entries
from rota.stores.tables import audit_links as links
from rota.telemetry import Telemetry
from stores_under_test.plugin import MakeStore

KEY = "k" * 32
ODD = "grüß\n\u2028 \U0001f600 '\"\\ \x7f" + "x" * 150


class Nothing:
    """A catalogue without functions."""

    kinds = frozenset[str]()

    def functions(self) -> set[str]:
        return set()

    def check(self, job_type: str, parameters: object) -> None:
        """Not asked."""


def write(database: Database, count: int, actor: str = "ann") -> None:
    for number in range(count):
        database.writing(lambda tx, n=number: audit.write(tx, actor, "pause", "job", f"j{n}", {"n": n, "note": ODD}))


def seal(database: Database, file: Path | None = None, times: int = 1) -> Telemetry:
    telemetry = Telemetry()
    sealer = Sealer(database, file, telemetry)
    for _ in range(times):
        sealer.run_once()
    return telemetry


def verify(database: Database, file: Path | None = None, anchor: tuple[int, bytes] | None = None) -> Verdict:
    config = Config.model_validate({"audit": {"anchor_file": file}})
    return service.verify(ServiceContext(database, config, SYSTEM, Nothing()), anchor)


def found(database: Database, file: Path | None = None) -> list[tuple[int, Flaw]]:
    return [(one.seq, one.flaw) for one in verify(database, file).findings]


@pytest.fixture(params=["", KEY], ids=["no key", "a key"])
def store(request: pytest.FixtureRequest, new_store_url: Callable[[], str]) -> Any:
    made = Database(new_store_url(), durable=False, keyring=Keyring(request.param.encode()))
    yield made
    made.close()


def numbers(database: Database) -> list[int]:
    with database.read() as tx:
        return [row.seq for row in tx.all(select(entries.c.seq).order_by(entries.c.seq))]


def test_what_is_left_alone_is_as_it_was_written(store: Database) -> None:
    assert verify(store) == Verdict(0, 0, 0, None, 0, None, [])
    write(store, 5)
    assert verify(store).waiting == 5
    seal(store)
    write(store, 3, actor="ben")
    seal(store)
    verdict = verify(store)
    assert (verdict.entries, verdict.waiting, verdict.unsealed, verdict.findings) == (8, 0, 0, [])
    assert verdict.keyed_from == (numbers(store)[0] if store.keyring.current else None)
    assert verdict.head is not None
    assert verdict.head.seq == numbers(store)[-1]


Tampering = Callable[[Transaction, list[int]], object]


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (
            lambda tx, n: tx.execute(update(entries).where(entries.c.seq == n[1]).values(actor="eve")),
            [(1, Flaw.CHANGED)],
        ),
        (
            lambda tx, n: tx.execute(update(entries).where(entries.c.seq == n[1]).values(detail=None)),
            [(1, Flaw.CHANGED)],
        ),
        (lambda tx, n: tx.execute(update(entries).where(entries.c.seq == n[1]).values(seal=None)), [(1, Flaw.CHANGED)]),
        (lambda tx, n: tx.execute(delete(entries).where(entries.c.seq == n[2])), [(2, Flaw.MISSING)]),
        (lambda tx, n: tx.execute(delete(links).where(links.c.seq == n[4])), [(4, Flaw.ADDED)]),
        (
            lambda tx, n: (
                tx.execute(delete(links).where(links.c.seq == n[2])),
                tx.execute(delete(entries).where(entries.c.seq == n[2])),
            ),
            [(3, Flaw.CHANGED)],
        ),
    ],
    ids=["actor", "detail", "seal", "entry gone", "link gone", "both gone"],
)
def test_what_is_done_to_the_rows_is_found(
    store: Database, tamper: Tampering, expected: list[tuple[int, Flaw]]
) -> None:
    write(store, 6)
    seal(store)
    there = numbers(store)
    with store.write() as tx:
        tamper(tx, there)
    if expected == [(4, Flaw.ADDED)]:  # and the one behind it has lost what it stood on
        expected = [(4, Flaw.ADDED), (5, Flaw.CHANGED)]
    assert found(store) == [(there[place], flaw) for place, flaw in expected]


def test_entries_that_change_places_are_found(store: Database) -> None:
    write(store, 4)
    seal(store)
    there = numbers(store)
    with store.write() as tx:
        for before, after in ((there[1], 0), (there[2], there[1]), (0, there[2])):
            tx.execute(update(entries).where(entries.c.seq == before).values(seq=after))
    assert found(store) == [(there[1], Flaw.CHANGED), (there[2], Flaw.CHANGED)]


def test_an_entry_that_somebody_puts_there_is_never_linked(store: Database) -> None:
    write(store, 2)
    seal(store)
    with store.write() as tx:
        tx.execute(insert(entries).values(at=tx.now, actor="ann", action="delete", noun="job", seal=bytes(48)))
    write(store, 1)
    forged = numbers(store)[2]
    assert found(store) == [(forged, Flaw.ADDED)]
    telemetry = seal(store, times=2)
    assert telemetry.counters["audit_tampered"] == 1
    write(store, 1)
    seal(store)
    assert found(store) == [(forged, Flaw.ADDED)]


def test_a_copy_of_an_entry_is_found(store: Database) -> None:
    write(store, 2)
    seal(store)
    columns = [column for column in entries.columns if column.name != "seq"]
    with store.write() as tx:
        copied = select(*columns).where(entries.c.seq == numbers(store)[0])
        tx.execute(insert(entries).from_select([column.name for column in columns], copied))
    seal(store)
    assert found(store) == [(numbers(store)[-1], Flaw.COPIED)]


def test_an_end_that_was_cut_off_is_found_by_its_anchor(store: Database, tmp_path: Path) -> None:
    file = tmp_path / "anchors"
    write(store, 3)
    seal(store, file)
    write(store, 2)
    seal(store, file)
    kept = verify(store, file)
    assert (kept.anchors, kept.findings) == (2, [])
    there = numbers(store)
    with store.write() as tx:
        for table in (entries, links):
            tx.execute(delete(table).where(table.c.seq > there[2]))
    assert found(store) == []  # a chain does not know where it ended
    assert found(store, file) == [(there[4], Flaw.NOT_ANCHORED)]
    write(store, 4)
    seal(store)
    assert found(store, file) == [(there[4], Flaw.NOT_ANCHORED)]
    assert kept.head is not None
    by_hand = verify(store, None, (kept.head.seq, kept.head.digest))
    assert [(one.seq, one.flaw) for one in by_hand.findings] == [(there[4], Flaw.NOT_ANCHORED)]


def test_a_torn_line_of_anchors_is_passed_over(store: Database, tmp_path: Path) -> None:
    file = tmp_path / "anchors"
    write(store, 1)
    seal(store, file)
    with file.open("a") as opened:
        opened.write('{"at": "2026-11-28T10:00:00Z", "se')
    assert len(list(anchors.noted(file))) == 1
    assert verify(store, file).findings == []


def test_who_has_another_key_can_neither_write_nor_judge(store: Database) -> None:
    write(store, 3)
    seal(store)
    other = Database(store.driver_url, durable=False, keyring=Keyring(b"o" * 32))
    try:
        if store.keyring.current:
            with pytest.raises(ConfigurationInvalid, match="ROTA_AUDIT__KEY"):
                audit.require_key(other)
            assert {flaw for _, flaw in found(other)} == {Flaw.UNKNOWN_KEY}
        else:
            audit.require_key(other)  # a key may come later
            write(other, 2)
            seal(other)
            assert verify(other).keyed_from == numbers(store)[3]
            assert found(other) == []
    finally:
        other.close()


def test_a_key_is_replaced(new_store_url: Callable[[], str]) -> None:
    url = new_store_url()
    rings = (Keyring(b"a" * 32), Keyring(b"b" * 32, (b"a" * 32,)))
    for ring in rings:
        database = Database(url, durable=False, keyring=ring)
        audit.require_key(database)
        write(database, 2)
        if ring is rings[1]:
            seal(database)  # what waits under the old key is linked under the new one
            assert found(database) == []
        database.close()
    without = Database(url, durable=False)
    with pytest.raises(ConfigurationInvalid, match=r"set audit\.key"):
        audit.require_key(without)
    without.close()


def test_many_write_while_two_seal(store: Database) -> None:
    """Numbers become visible out of their order, and every entry is linked once."""
    writers = [threading.Thread(target=write, args=(store, 20, f"w{n}")) for n in range(4)]
    over = threading.Event()

    def sealing() -> None:
        sealer = Sealer(store, None, Telemetry())
        while not over.is_set():
            sealer.run_once()

    sealers = [threading.Thread(target=sealing) for _ in range(2)]
    for thread in (*writers, *sealers):
        thread.start()
    for thread in writers:
        thread.join()
    over.set()
    for thread in sealers:
        thread.join()
    seal(store)
    verdict = verify(store)
    assert verdict.findings == []
    assert verdict.entries >= 80


@pytest.mark.stores("postgres", "postgres18", "mariadb")
def test_a_number_that_was_rolled_back_is_waited_for(make_store: MakeStore) -> None:
    """On a server; a transaction of SQLite that is rolled back takes no number."""
    store, clock = make_store()
    write(store, 1)
    with suppress(ZeroDivisionError), store.write() as tx:
        audit.write(tx, "ann", "pause", "job", None, {})
        raise ZeroDivisionError
    write(store, 1)
    seal(store)
    assert verify(store).waiting == 1
    clock.advance(5 * MINUTE)
    seal(store)
    verdict = verify(store)
    assert (verdict.waiting, verdict.findings) == (0, [])


def test_a_store_from_before_the_chain_goes_on(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_numbers, "LOOK_AHEAD", 10)  # there may be more of them than are looked at in one step
    with store.write() as tx:
        old = {"at": 1, "actor": "ann", "action": "pause", "noun": "job"}
        tx.execute(insert(entries), [old] * 25)
    telemetry = seal(store, times=5)
    before = verify(store)
    assert (before.entries, before.waiting, before.unsealed, before.findings) == (25, 0, 25, [])
    write(store, 2)
    telemetry = seal(store, times=5)
    verdict = verify(store)
    assert (verdict.entries, verdict.waiting, verdict.unsealed, verdict.findings) == (27, 0, 25, [])
    assert "audit_tampered" not in telemetry.counters


def test_what_waited_before_there_was_a_key_is_linked_without_one(new_store_url: Callable[[], str]) -> None:
    url = new_store_url()
    without = Database(url, durable=False)
    write(without, 3)
    without.close()
    keyed = Database(url, durable=False, keyring=Keyring(KEY.encode()))
    write(keyed, 2)
    seal(keyed)
    assert found(keyed) == []
    assert verify(keyed).keyed_from == numbers(keyed)[3]
    keyed.close()


def test_a_sealer_does_not_cover_up_what_was_taken_away(store: Database) -> None:
    write(store, 5)
    telemetry = Telemetry()
    sealer = Sealer(store, None, telemetry)
    sealer.run_once()
    there = numbers(store)
    with store.write() as tx:
        tx.execute(delete(entries).where(entries.c.seq == there[2]))
        tx.execute(delete(links).where(links.c.seq >= there[2]))
    write(store, 1)
    for _ in range(3):
        sealer.run_once()
    assert telemetry.counters["audit_cut_off"] == 1
    assert verify(store).waiting == 3


@pytest.mark.parametrize("seq", [0, -3])
def test_an_entry_of_no_number_was_not_written_by_rota(store: Database, seq: int) -> None:
    write(store, 2)
    seal(store)
    with store.write() as tx:
        tx.execute(text("INSERT INTO audit (seq, at, actor, action, noun) VALUES (5, 1, 'boss', 'pause', 'job')"))
        tx.execute(update(entries).where(entries.c.seq == 5).values(seq=seq))
    assert found(store) == [(seq, Flaw.ADDED)]


def test_a_file_of_anchors_that_is_gone_is_told(store: Database, tmp_path: Path) -> None:
    file = tmp_path / "anchors"
    assert found(store, file) == []
    write(store, 1)
    seal(store, file)
    file.write_bytes(b'\xff\n{"seq": 1e999, "digest": ""}\n' + file.read_bytes())
    assert (found(store, file), verify(store, file).anchors) == ([], 1)
    file.unlink()
    assert found(store, file) == [(numbers(store)[-1], Flaw.ANCHORS_GONE)]
    file.mkdir()
    assert found(store, file) == [(numbers(store)[-1], Flaw.ANCHORS_GONE)]
