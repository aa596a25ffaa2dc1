"""Claims and settlements of several workers at once: nothing runs twice, nothing is left over, tokens only grow."""

import threading
from collections import defaultdict

import pytest
from sqlalchemy import func, select

from rota.domain.execution import NewExecution
from rota.domain.instant import MINUTE
from rota.domain.limits import Limits
from rota.domain.outcome import Failed, Lost, Succeeded
from rota.domain.retry import RetryPolicy, Strategy
from rota.domain.transition import decide
from rota.stores import executions, workers
from rota.stores.base import Offer
from rota.stores.database import Database, Transaction
from rota.stores.tables import attempts, history
from rota.stores.tables import executions as live

WORKERS = 4
EXECUTIONS = 120


def run_all(store: Database) -> dict[str, list[int]]:
    """Let workers claim and settle until nothing is left. Says under which tokens each execution ran, in their order."""
    told: dict[str, list[int]] = defaultdict(list)
    guard = threading.Lock()
    failures: list[BaseException] = []

    def work(number: int) -> None:
        worker_id = f"00000000-0000-7000-8000-{number:012d}"
        store.writing(lambda tx: workers.register(tx, workers.NewWorker(worker_id, worker_id, 9, "database"), MINUTE))
        outcomes = (Succeeded(number), Failed("again"), Lost())

        def turn(tx: Transaction) -> list[tuple[str, int]]:
            tx.hot.promote(tx)
            claims = executions.claim(tx, Offer(worker_id, 7, MINUTE, oldest_first=number == 0))
            settled = [decide(claim, outcomes[claim.token % 3], tx.now) for claim in claims]
            assert executions.settle(tx, settled) == {claim.id for claim in claims}
            return [(claim.id, claim.token) for claim in claims]

        try:
            while store.reading(lambda tx: tx.connection.scalar(select(func.count()).select_from(live))):
                ran = store.writing(turn)
                with guard:
                    for id, token in ran:
                        told[id].append(token)
        except BaseException as failure:
            failures.append(failure)
            raise

    threads = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    return told


def test_every_execution_ends_once_and_each_attempt_has_its_own_token(each_store: Database) -> None:
    policy = RetryPolicy(50, Strategy.FIXED, 0)
    accepted = each_store.writing(
        lambda tx: executions.enqueue(
            tx,
            [NewExecution("x", priority=n % 3, queue=f"q{n % 2}", retry=policy) for n in range(EXECUTIONS)],
        )
    )
    told = run_all(each_store)
    assert sorted(told) == sorted(accepted)
    with each_store.read() as tx:
        assert sorted(tx.connection.scalars(select(history.c.id))) == sorted(accepted)
        written = tx.all(select(attempts.c.execution_id, attempts.c.token))
    assert sorted((row.execution_id, row.token) for row in written) == sorted(
        (id, token) for id, tokens in told.items() for token in tokens
    )
    assert all(len(set(tokens)) == len(tokens) for tokens in told.values())


@pytest.mark.stores("postgres", "postgres18", "mariadb")
def test_who_finds_the_oldest_in_other_hands_takes_what_comes_next(each_store: Database) -> None:
    """A worker that got nothing would rest although there is work."""
    for priority in (1, 2):
        each_store.writing(lambda tx, at=priority: executions.enqueue(tx, [NewExecution("x", priority=at)] * 5))
    first, second = (f"00000000-0000-7000-8000-{number:012d}" for number in (1, 2))
    with each_store.write() as tx, each_store.write() as beside:
        oldest = executions.claim(tx, Offer(first, 5, MINUTE, oldest_first=True))
        others = executions.claim(beside, Offer(second, 5, MINUTE, oldest_first=True))
    assert len({claim.id for claim in (*oldest, *others)}) == 10


def test_no_more_run_at_once_than_the_limit(each_store: Database) -> None:
    """Two workers claim at the same moment: what one of them leases, the other one counts."""
    limits = Limits((("k", 3),), ())
    each_store.writing(lambda tx: executions.enqueue(tx, [NewExecution("x", limits=limits)] * 20))
    claimed: list[str] = []
    barrier = threading.Barrier(WORKERS)

    def work(number: int) -> None:
        barrier.wait(10)
        offer = Offer(f"00000000-0000-7000-8000-{number:012d}", 5, MINUTE)
        claimed.extend(claim.id for claim in each_store.writing(lambda tx: executions.claim(tx, offer)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(claimed) == 3
