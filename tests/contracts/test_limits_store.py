"""What every store promises about limits: caps and rates hold across the fleet, places never leak, nothing starves."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rota.domain.execution import Claim, NewExecution, State
from rota.domain.instant import MINUTE, SECOND, Instant
from rota.domain.job import Defaults, Job, JobState
from rota.domain.limits import Limits, Rate, job_name
from rota.domain.outcome import Failed, Interrupted, Lost, Outcome, Succeeded
from rota.domain.queue import QueueSettings
from rota.domain.transition import decide
from rota.stores import control, executions, governed, history, jobs, leases, queues, rates, workers
from rota.stores.base import Offer
from rota.stores.database import Database, Transaction
from rota.testing import ManualClock

WORKERS = [f"00000000-0000-7000-8000-00000000000{number}" for number in range(1, 7)]
ANN, BOB = WORKERS[:2]
JOB, OTHER_JOB = "00000000-0000-7000-8000-0000000000a1", "00000000-0000-7000-8000-0000000000a2"
LEASE = 30 * SECOND


class Fleet:
    """A store with six workers, and its clock."""

    def __init__(self, store: Database, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        for id in WORKERS:
            store.writing(lambda tx, id=id: workers.register(tx, workers.NewWorker(id, id, 50, "database"), LEASE))

    def enqueue(self, count: int = 1, **fields: Any) -> list[str]:
        fields.setdefault("type", "echo")
        return self.store.writing(lambda tx: executions.enqueue(tx, [NewExecution(**fields)] * count))

    def set(self, name: str, **settings: Any) -> None:
        self.store.writing(lambda tx: queues.put(tx, QueueSettings(name, **settings), changed_by="ann"))

    def claim(self, worker: str = ANN, slots: int = 10, **offer: Any) -> list[Claim]:
        return self.ask(worker, slots, **offer)[0]

    def ask(self, worker: str = ANN, slots: int = 10, **offer: Any) -> tuple[list[Claim], Instant | None]:
        """What is leased, and when a rate opens that held something back."""

        def work(tx: Transaction) -> tuple[list[Claim], Instant | None]:
            tx.hot.promote(tx)
            return executions.claim(tx, Offer(worker, slots, None, **offer)), tx.opens_at

        return self.store.writing(work)

    def settle(self, claims: Sequence[Claim], outcome: Outcome | None = None) -> None:
        given = outcome or Succeeded()
        settled = self.store.writing(
            lambda tx: executions.settle(tx, [decide(claim, given, tx.now) for claim in claims])
        )
        assert settled == {claim.id for claim in claims}

    def ids(self, worker: str = ANN, slots: int = 10, **offer: Any) -> list[str]:
        return [claim.id for claim in self.claim(worker, slots, **offer)]


@pytest.fixture
def fleet(make_store: Callable[[], tuple[Database, ManualClock]]) -> Fleet:
    return Fleet(*make_store())


def cap(name: str, most: int) -> Limits:
    return Limits(((name, most),))


def rate(name: str, count: int, per: int) -> Limits:
    return Limits((), ((name, Rate(count, per)),))


class TestCaps:
    def test_an_execution_is_under_its_job_its_key_and_its_lane_at_once(self, fleet: Fleet) -> None:
        def one(key: str, lane: str | None = None) -> str:
            limits = Limits(((job_name(JOB), 3), (f"key:{key}", 1)))
            return fleet.enqueue(job_id=JOB, limits=limits, lane=lane)[0]

        first, blocked = one("a", "overlap:s"), one("a")
        in_lane, second, third, beyond = one("b", "overlap:s"), one("c"), one("d"), one("e")
        claims = fleet.claim()
        assert [claim.id for claim in claims] == [first, second, third]
        assert fleet.ids() == []
        fleet.settle(claims[:1])
        assert fleet.ids() == [blocked]
        assert {in_lane, beyond} == {
            id for id, state in fleet.store.reading(lambda tx: control.live_of(tx, job_id=JOB)) if state == "Pending"
        }

    def test_a_key_is_shared_between_jobs_each_with_its_own_cap(self, fleet: Fleet) -> None:
        (strict,) = fleet.enqueue(job_id=JOB, limits=cap("key:c", 1))
        wide = fleet.enqueue(3, job_id=OTHER_JOB, limits=cap("key:c", 3))
        assert fleet.ids() == [strict, *wide[:2]]

    def test_what_runs_without_a_cap_counts_for_its_job(self, fleet: Fleet) -> None:
        (early,) = fleet.enqueue(job_id=JOB)
        assert fleet.ids() == [early]
        fleet.enqueue(2, job_id=JOB, limits=cap(job_name(JOB), 2))
        assert len(fleet.ids()) == 1

    def test_a_long_queue_of_blocked_work_hides_nothing_behind_it(self, fleet: Fleet) -> None:
        (holder,) = fleet.enqueue(limits=cap("key:hot", 1), priority=9)
        assert fleet.ids() == [holder]
        fleet.enqueue(700, limits=cap("key:hot", 1), priority=9)
        for number in range(300):
            fleet.enqueue(1, limits=Limits((("key:hot", 1), (f"key:{number}", 1))), priority=8)
        free = fleet.enqueue(2, limits=cap("key:cold", 2))
        plain = fleet.enqueue(2, priority=-1)
        assert fleet.ids() == [*free, *plain]

    def test_a_new_limit_of_a_job_holds_for_what_is_queued(self, fleet: Fleet) -> None:
        before, after = (
            Job.parse({"name": "j", "jobType": "echo", **limits}, defaults=Defaults())
            for limits in ({}, {"maxConcurrentExecutions": 2, "concurrencyKey": "c:{id}"})
        )
        now = fleet.clock.now()
        record = jobs.JobRecord(
            JOB, before.to_json(), JobState.ENABLED, "api", None, 1, None, None, "ann", "ann", now, now
        )
        fleet.store.writing(lambda tx: jobs.add(tx, record))
        for customer in (1, 1, 2, 3):
            fleet.enqueue(job_id=JOB, parameters={"id": customer})
        fleet.store.writing(lambda tx: control.limit_anew(tx, JOB, before, after))
        assert len(fleet.ids()) == 2
        fleet.store.writing(lambda tx: control.limit_anew(tx, JOB, after, before))
        assert len(fleet.ids()) == 2

    def test_a_killed_holder_frees_its_place_by_conviction(self, fleet: Fleet) -> None:
        first, _second = fleet.enqueue(2, limits=cap("key:a", 1))
        assert fleet.ids(ANN) == [first]
        fleet.clock.advance(31)

        def rescue(tx: Transaction) -> None:
            workers.beat(tx, BOB, LEASE)
            assert ANN in workers.convict(tx)
            lost = leases.without_lease(tx, 10)
            executions.settle(tx, [decide(claim, Lost(), tx.now) for claim, _ in lost])

        fleet.store.writing(rescue)
        assert fleet.ids(BOB) == [first]  # it keeps its place before the second

    @pytest.mark.parametrize("outcome", [Succeeded(), Failed("x"), Interrupted()])
    def test_whatever_ends_an_attempt_frees_its_place(self, fleet: Fleet, outcome: Outcome) -> None:
        fleet.enqueue(2, limits=cap("key:a", 1))
        fleet.settle(fleet.claim(), outcome)
        assert len(fleet.ids()) == 1


class TestQueues:
    def test_caps_of_a_queue_and_of_the_fleet(self, fleet: Fleet) -> None:
        mail, other = fleet.enqueue(5, queue="mail"), fleet.enqueue(5)
        fleet.set("mail", max_running=2)
        fleet.set("*", max_running=4)
        assert sorted(fleet.ids(ANN)) == sorted([*mail[:2], *other[:2]])
        assert fleet.ids(BOB) == []

    def test_a_paused_queue_rests_and_the_others_go_on(self, fleet: Fleet) -> None:
        fleet.enqueue(100, queue="mail", priority=5)
        (other,) = fleet.enqueue()
        fleet.set("mail", paused=True)
        assert fleet.ids() == [other]
        fleet.set("*", paused=True)
        fleet.set("mail")
        assert fleet.ids() == []
        fleet.store.writing(lambda tx: queues.remove(tx, "*"))
        assert len(fleet.ids()) == 10

    def test_the_priority_of_a_queue_is_added_to_that_of_its_work(self, fleet: Fleet) -> None:
        low = fleet.enqueue(queue="low", priority=5)
        normal = fleet.enqueue(priority=3)
        high = fleet.enqueue(queue="high", priority=-1)
        fleet.set("high", priority=10)
        fleet.set("low", priority=-3)
        assert [fleet.ids(slots=1) for _ in range(3)] == [high, normal, low]

    def test_the_order_holds_over_many_windows(self, fleet: Fleet) -> None:
        for number in range(60):
            fleet.enqueue(5, queue=("a", "b", "c")[number % 3], priority=number % 7)
        fleet.set("a", priority=2)
        fleet.set("b", priority=-4)
        records = fleet.store.reading(lambda tx: history.page(tx, history.Filter(), before=None, limit=500))
        added = {"a": 2, "b": -4, "c": 0}
        expected = [
            one.id for one in sorted(records, key=lambda one: (-one.priority - added[one.queue], one.due_at, one.id))
        ]
        got: list[str] = []
        for worker in WORKERS:
            got += [id for _ in range(5) for id in _in_claim_order(fleet, worker, expected)]
        assert got == expected

    def test_queues_and_kinds_of_the_offer_hold_under_limits_too(self, fleet: Fleet) -> None:
        fleet.set("a", max_running=5)
        mine = fleet.enqueue(queue="a")
        fleet.enqueue(queue="b")
        fleet.enqueue(queue="a", type="https://a.example/")
        assert fleet.ids(queues=["a"], kinds=[], functions=["echo"]) == mine

    def test_loads_tell_what_stands_in_a_queue(self, fleet: Fleet) -> None:
        fleet.enqueue(3, queue="mail")
        fleet.enqueue(queue="mail", due_at=fleet.clock.now() + MINUTE)
        fleet.claim(slots=1)
        load = fleet.store.reading(queues.loads)["mail"]
        assert load == queues.Load(2, 1, 1, fleet.clock.now())


def _in_claim_order(fleet: Fleet, worker: str, expected: Sequence[str]) -> list[str]:
    """One claim; what a claim leases comes back by its own priority, so it is put into the order of admission."""
    return sorted(fleet.ids(worker, slots=10), key=expected.index)


class TestRates:
    def test_a_rate_holds_over_every_stretch_of_time_and_tells_when_it_opens(self, fleet: Fleet) -> None:
        fleet.enqueue(40, limits=rate("job:r", 3, MINUTE))
        begun: list[Instant] = []
        for step in (0, 1, 19, 20, 20, 1, 59, 60, 30, 30):
            fleet.clock.advance(step)
            claims, opens_at = fleet.ask()
            begun += [fleet.clock.now()] * len(claims)
            assert opens_at == begun[-3] + MINUTE
        for at in begun:
            assert sum(1 for other in begun if at - MINUTE < other <= at) <= 3
        assert len(begun) == 15

    def test_work_is_claimed_in_the_moment_in_which_the_rate_opens(self, fleet: Fleet) -> None:
        fleet.enqueue(3, limits=rate("job:r", 1, MINUTE))
        for _ in range(3):
            claims, opens_at = fleet.ask()
            assert len(claims) == 1
            if opens_at is not None:
                fleet.clock.set(opens_at - 1)
                assert fleet.claim() == []
                fleet.clock.set(opens_at)
        assert opens_at is None

    def test_rates_of_queues_and_of_the_fleet(self, fleet: Fleet) -> None:
        fleet.enqueue(20, queue="mail")
        fleet.enqueue(20)
        fleet.set("mail", rate=Rate(2, MINUTE))
        fleet.set("*", rate=Rate(5, MINUTE))
        claims = fleet.claim(slots=20)
        assert len(claims) == 5
        assert fleet.claim(BOB) == []
        fleet.clock.advance("1m")
        assert len(fleet.claim(BOB, slots=20)) == 5

    def test_a_start_counts_however_it_ends(self, fleet: Fleet) -> None:
        fleet.enqueue(2, limits=rate("job:r", 1, MINUTE))
        fleet.settle(fleet.claim(), Interrupted())
        assert fleet.claim() == []

    def test_what_counts_no_more_is_forgotten(self, fleet: Fleet) -> None:
        fleet.enqueue(1, limits=rate("job:r", 1, MINUTE))
        fleet.claim()
        assert fleet.store.writing(lambda tx: rates.remove_over(tx, 10)) == 0
        fleet.clock.advance("61s")
        assert fleet.store.writing(lambda tx: rates.remove_over(tx, 10)) == 1


class TestSideBySide:
    """Six claimers at once on one store."""

    def test_caps_hold_at_every_instant_and_everything_runs(self, fleet: Fleet) -> None:
        most = {"key:a": 1, "key:b": 3, job_name(JOB): 5, "queue:mail": 2, "queue:*": 7}
        fleet.set("mail", max_running=2)
        fleet.set("*", max_running=7)
        fleet.enqueue(15, limits=cap("key:a", 1))
        fleet.enqueue(15, limits=Limits((("key:b", 3), (job_name(JOB), 5))), job_id=JOB)
        fleet.enqueue(15, limits=cap(job_name(JOB), 5), job_id=JOB)
        fleet.enqueue(15, queue="mail")
        total, ended, worst = 60, Counter[str](), Counter[str]()
        stop = threading.Event()

        def watch() -> None:
            while not stop.is_set():
                running = fleet.store.reading(governed.running)
                for name, count in running.items():
                    worst[name] = max(worst[name], count)

        def work(worker: str) -> None:
            while sum(ended.values()) < total and not stop.is_set():
                claims = fleet.claim(worker, slots=3)
                if claims:
                    fleet.settle(claims)
                    ended[worker] += len(claims)

        with ThreadPoolExecutor(len(WORKERS) + 1) as pool:
            watcher = pool.submit(watch)
            workers_done = [pool.submit(work, worker) for worker in WORKERS]
            try:
                for done in workers_done:
                    done.result(timeout=120)
            finally:
                stop.set()
            watcher.result(timeout=30)
        assert sum(ended.values()) == total
        assert {name: count for name, count in worst.items() if count > most.get(name, total)} == {}
        assert fleet.store.reading(lambda tx: control.live_of(tx, job_id=JOB)) == []

    def test_a_rate_holds_among_claimers(self, fleet: Fleet) -> None:
        fleet.enqueue(100, limits=rate("job:r", 10, MINUTE))
        for _ in range(3):
            with ThreadPoolExecutor(len(WORKERS)) as pool:
                claimed = list(pool.map(lambda worker: fleet.claim(worker, slots=4), WORKERS))
            assert sum(map(len, claimed)) == 10
            fleet.clock.advance("1m")


class TestNothingStarves:
    @pytest.mark.parametrize("limited", [False, True])
    def test_oldest_first_takes_what_is_due_longest_whatever_its_priority(self, fleet: Fleet, limited: bool) -> None:
        if limited:
            fleet.set("other", max_running=1)
        oldest: list[str] = []
        for priority in (0, 7, -3, 7, 2):
            oldest += fleet.enqueue(2, priority=priority)
            fleet.clock.advance("1s")
        fleet.enqueue(50, priority=10)
        assert sorted(fleet.ids(slots=7, oldest_first=True)) == oldest[:7]
        assert sorted(fleet.ids(slots=3, oldest_first=True)) == oldest[7:]

    def test_oldest_first_reads_on_behind_what_is_blocked(self, fleet: Fleet) -> None:
        fleet.enqueue(200, limits=cap("key:a", 1))
        fleet.clock.advance("1s")
        free = fleet.enqueue(2, priority=-5)
        fleet.clock.advance("1s")
        fleet.enqueue(40, priority=5)
        assert set(free) < set(fleet.ids(slots=3, oldest_first=True))

    def test_oldest_first_obeys_the_offer(self, fleet: Fleet) -> None:
        fleet.enqueue(queue="b")
        mine = fleet.enqueue(queue="a", priority=4)
        fleet.enqueue(queue="a", priority=5, type="https://a.example/")
        assert fleet.ids(queues=["a"], kinds=[], functions=["echo"], oldest_first=True) == mine

    def test_many_priorities_are_no_hindrance(self, fleet: Fleet) -> None:
        fleet.set("other", max_running=1)
        oldest = [id for priority in range(40) for id in fleet.enqueue(1, priority=priority)]
        assert sorted(fleet.ids(slots=5, oldest_first=True)) == sorted(oldest[:5])


def test_the_states_of_what_waits_are_untouched_by_a_claim_that_admits_nothing(fleet: Fleet) -> None:
    (id,) = fleet.enqueue(queue="mail")
    fleet.set("mail", paused=True)
    fleet.claim()
    record = fleet.store.reading(lambda tx: history.get(tx, id))
    assert record is not None
    assert (record.state, record.attempt) == (State.PENDING, 0)
