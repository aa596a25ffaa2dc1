"""Events in the order of their numbers, none passed over: also where transactions commit side by side."""

from sqlalchemy import insert

from rota.domain.instant import SECOND
from rota.stores import events
from rota.stores.database import Database, Transaction
from rota.stores.tables import events as table


def tell(database: Database, *numbers: int, ago: float = 0) -> None:
    """Events of these numbers, as transactions that began `ago` seconds before now left them."""

    def write(tx: Transaction) -> None:
        for number in numbers:
            tx.execute(insert(table).values(seq=number, at=tx.now - round(ago * SECOND), kind="execution.accepted"))

    database.writing(write)


def told(database: Database, seq: int, limit: int = 100) -> tuple[list[int], int]:
    found = database.reading(lambda tx: events.after(tx, seq, limit))
    return [event.seq for event in found.events], found.until


def test_a_number_that_is_missing_may_still_come(database: Database) -> None:
    tell(database, 1, 2, 4)
    assert told(database, 0) == ([1, 2], 2)
    tell(database, 3)
    assert told(database, 2) == ([3, 4], 4)


def test_a_number_older_than_any_transaction_never_comes(database: Database) -> None:
    tell(database, 1, 2, 4, ago=31)
    assert told(database, 0) == ([1, 2, 4], 4)
    assert told(database, 2) == ([4], 4)


def test_what_is_passed_over_by_a_filter_is_not_looked_at_again(database: Database) -> None:
    tell(database, 1, 2, 3)
    found = database.reading(lambda tx: events.after(tx, 0, 100, kinds=["job.*"]))
    assert (found.events, found.until, found.more) == ([], 3, False)


def test_a_full_page_ends_at_its_last_event(database: Database) -> None:
    tell(database, 1, 2, 3)
    assert told(database, 0, limit=2) == ([1, 2], 2)
