"""What every store promises about executions. Each test runs against each store of `conftest.STORES`."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, update

from rota.domain.execution import AttemptState, Claim, NewExecution, Settlement, State, Trigger
from rota.domain.instant import HOUR, MINUTE, SECOND
from rota.domain.job import Defaults, Job, JobState
from rota.domain.limits import Limits
from rota.domain.outcome import Cancelled, Deferred, Failed, Interrupted, Lost, Outcome, Succeeded, TimedOut
from rota.domain.retry import OnLost, RetryPolicy, Strategy
from rota.domain.transition import decide
from rota.stores import bell, control, exchange, executions, history, jobs, leases, workers
from rota.stores.base import Offer
from rota.stores.database import Database, Transaction
from rota.stores.exchange import Ended, Notes
from rota.stores.history import AttemptRecord, ExecutionRecord
from rota.stores.tables import attempts, events, logs
from rota.stores.tables import executions as live
from rota.stores.tables import history as finished
from rota.stores.tables import workers as workers_table
from rota.testing import ManualClock

ANN, BOB = "00000000-0000-7000-8000-00000000000a", "00000000-0000-7000-8000-00000000000b"
JOB, OTHER_JOB = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"
SCHEDULE = "00000000-0000-7000-8000-000000000003"
LEASE = 30 * SECOND


class World:
    """A store with two workers, and its clock."""

    def __init__(self, store: Database, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        for id in (ANN, BOB):
            self.write(lambda tx, id=id: workers.register(tx, workers.NewWorker(id, id, 10, "database"), LEASE))

    def write(self, work: Callable[[Transaction], Any]) -> Any:
        return self.store.writing(work)

    def enqueue(self, type: str = "echo", **fields: Any) -> str:
        held = fields.pop("held", False)
        return self.write(lambda tx: executions.enqueue(tx, [NewExecution(type, **fields)], held=held))[0]

    def claim(self, worker: str = ANN, slots: int = 10, **offer: Any) -> list[Claim]:
        def work(tx: Transaction) -> list[Claim]:
            tx.hot.promote(tx)
            return executions.claim(tx, Offer(worker, slots, LEASE, **offer))

        return self.write(work)

    def claim_one(self, worker: str = ANN) -> Claim:
        (claim,) = self.claim(worker, 1)
        return claim

    def settle(self, claim: Claim, outcome: Outcome) -> bool:
        def work(tx: Transaction) -> set[str]:
            held = leases.held(tx, claim.id, claim.token)
            return executions.settle(tx, [decide(claim, outcome, tx.now, cancelling=held is not None and held[1])])

        return claim.id in self.write(work)

    def cancel(self, *ids: str, **note: object) -> dict[str, State]:
        return self.write(lambda tx: control.request_cancellation(tx, ids, {"by": "ann", **note}))

    def get(self, id: str) -> ExecutionRecord:
        found = self.store.reading(lambda tx: history.get(tx, id))
        assert found is not None
        return found

    def attempts(self, id: str) -> list[AttemptRecord]:
        record = self.get(id)
        return self.store.reading(lambda tx: history.attempts_of(tx, record))

    def events(self, id: str) -> list[str]:
        told = select(events.c.kind).where(events.c.execution_id == id).order_by(events.c.seq)
        return self.store.reading(lambda tx: list(tx.connection.scalars(told)))

    def told(self, kind: str) -> list[tuple[str, str | None, Any]]:
        """The events of a kind, oldest first: execution, job and data."""
        of_kind = select(events).where(events.c.kind == kind).order_by(events.c.seq)
        found = self.store.reading(lambda tx: tx.all(of_kind))
        return [(row.execution_id, row.job_id, json.loads(row.data)) for row in found]

    def count(self, table: Any) -> int:
        return self.store.reading(lambda tx: tx.connection.scalar(select(func.count()).select_from(table)))

    def dump(self) -> list[Any]:
        """Everything that fencing protects."""
        tables = (live, finished, attempts, logs, events)
        return self.store.reading(lambda tx: [[tuple(row) for row in tx.all(select(table))] for table in tables])

    def stale(self, id: str) -> Claim:
        """A claim that was lost: the execution is queued again, nobody holds it."""
        claim = self.claim_one()
        assert claim.id == id
        assert self.settle(claim, Lost())
        return claim


@pytest.fixture
def world(make_store: Callable[[], tuple[Database, ManualClock]]) -> World:
    return World(*make_store())


class TestAccepting:
    def test_ids_come_back_in_the_order_given_and_grow(self, world: World) -> None:
        batch = [NewExecution("echo", {"number": number}) for number in range(1000)]
        ids = world.write(lambda tx: executions.enqueue(tx, batch))
        assert ids == sorted(ids)
        assert len(set(ids)) == 1000
        assert json.loads(world.get(ids[777]).parameters or "") == {"number": 777}

    def test_an_empty_batch_is_nothing(self, world: World) -> None:
        assert world.write(lambda tx: executions.enqueue(tx, [])) == []
        assert (world.count(live), world.count(events)) == (0, 2)

    def test_each_job_of_a_batch_is_told_what_was_accepted_of_it(self, world: World) -> None:
        batch = [NewExecution("echo", job_id=job) for job in (JOB, OTHER_JOB, JOB, None)]
        ids = world.write(lambda tx: executions.enqueue(tx, batch))
        assert world.told("execution.accepted") == [
            (ids[0], JOB, {"count": 2, "last": ids[2], "trigger": "submission"}),
            (ids[1], OTHER_JOB, {"count": 1, "last": ids[1], "trigger": "submission"}),
            (ids[3], None, {"count": 1, "last": ids[3], "trigger": "submission"}),
        ]

    def test_what_is_due_is_pending_and_what_is_later_is_scheduled(self, world: World) -> None:
        now = world.clock.now()
        assert world.get(world.enqueue()).state is State.PENDING
        assert world.get(world.enqueue(due_at=now)).state is State.PENDING
        assert world.get(world.enqueue(due_at=now + 1)).state is State.SCHEDULED
        assert world.get(world.enqueue(held=True)).state is State.WAITING

    def test_every_field_is_kept(self, world: World) -> None:
        retry = RetryPolicy(7, Strategy.LINEAR, 3, 5, (404, 410))
        now = world.clock.now()
        new = NewExecution(
            "https://a.example/", {"a": 1}, job_id=JOB, name="nightly", queue="reports", priority=-5, due_at=now,
            timeout=MINUTE, retry=retry, on_lost=OnLost.FAIL, isolation="thread", schedule_id=SCHEDULE, nominal_at=now - 5,
            trigger=Trigger.SCHEDULE, actor="ann", latest_start=now + HOUR, metadata={"b": [2]},
        )  # fmt: skip
        (id,) = world.write(lambda tx: executions.enqueue(tx, [new]))
        claim = world.claim_one()
        assert claim == Claim(
            id=id, job_id=JOB, name="nightly", type="https://a.example/", parameters='{"a":1}', attempt=1, token=claim.token,
            timeout=MINUTE, retry=retry, on_lost=OnLost.FAIL, isolation="thread", schedule_id=SCHEDULE, nominal_at=now - 5,
            started_at=now,
        )  # fmt: skip
        assert world.settle(claim, Succeeded({"ok": True}))
        record = world.get(id)
        assert (record.name, record.queue, record.priority, record.trigger) == ("nightly", "reports", -5, "schedule")
        assert (record.kind, record.actor, record.metadata) == ("http", "ann", '{"b":[2]}')
        assert (record.max_attempts, record.timeout, record.created_at) == (8, MINUTE, now)

    def test_an_id_that_is_given_is_kept_and_never_accepted_twice(self, world: World) -> None:
        assert world.enqueue(id=OTHER_JOB, priority=1) == OTHER_JOB
        with pytest.raises(Exception):  # noqa: B017  each driver has its own
            world.enqueue(id=OTHER_JOB, priority=2)
        assert world.get(OTHER_JOB).priority == 1
        assert world.count(live) == 1

    def test_nothing_is_accepted_when_the_transaction_fails(self, world: World) -> None:
        def work(tx: Transaction) -> None:
            executions.enqueue(tx, [NewExecution("echo")])
            raise LookupError

        rung: list[str] = []
        world.store.bell.listen(bell.WORK, lambda: rung.append("work"))
        with pytest.raises(LookupError):
            world.write(work)
        assert (world.count(live), rung) == (0, [])

    @pytest.mark.parametrize(
        "value",
        [
            None,
            {},
            [],
            "",
            0,
            False,
            {"": None},
            {"grüße": "日本語 🚀 \u2028\u2029", "quote": "'\"\\`;--"},
            {"zero": "a\x00b", "control": "".join(map(chr, range(32)))},
            {"big": 10**40, "negative": -(2**63) - 1, "float": 1.7976931348623157e308, "small": 5e-324},
            [[[[[[[[[[[[{"deep": [None, True]}]]]]]]]]]]]],
            {"text": "x" * 100_000},
        ],
    )
    def test_parameters_and_results_come_back_as_they_were(self, world: World, value: Any) -> None:
        id = world.enqueue(parameters=value, metadata={"value": value})
        claim = world.claim_one()
        assert (None if claim.parameters is None else json.loads(claim.parameters)) == value
        assert world.settle(claim, Succeeded(value))
        record = world.get(id)
        assert history.value_of(record.result) == value
        assert history.value_of(record.metadata) == {"value": value}

    @pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, [float("nan")], [float("inf")], {"a": object()}])
    def test_what_is_no_json_is_refused_whole(self, world: World, value: Any) -> None:
        with pytest.raises(Exception):  # noqa: B017  each driver has its own
            world.enqueue(parameters=value)
        id = world.enqueue()
        claim = world.claim_one()
        before = world.dump()
        with pytest.raises(Exception):  # noqa: B017
            world.settle(claim, Succeeded(value))
        assert world.dump() == before
        assert world.settle(claim, Succeeded("plain"))
        assert world.get(id).result == '"plain"'


class TestClaiming:
    def test_by_priority_then_due_time_then_id(self, world: World) -> None:
        now = world.clock.now()
        wanted = [(-1, 3), (0, 9), (0, 5), (0, 5), (7, 8), (7, 1), (-1, 2)]
        ids = [world.enqueue(priority=priority, due_at=now - age * SECOND) for priority, age in wanted]
        order = sorted(range(len(ids)), key=lambda i: (-wanted[i][0], -wanted[i][1], ids[i]))
        assert [claim.id for claim in world.claim()] == [ids[i] for i in order]

    def test_the_same_order_over_several_claims(self, world: World) -> None:
        ids = [world.enqueue(priority=priority) for priority in (1, 3, 2, 5, 4)]
        got = [claim.id for _ in range(3) for claim in world.claim(slots=2)]
        assert got == [ids[i] for i in (3, 4, 1, 2, 0)]

    def test_no_more_than_the_slots(self, world: World) -> None:
        for _ in range(5):
            world.enqueue()
        assert [len(world.claim(slots=slots)) for slots in (0, -1, 3, 3, 3)] == [0, 0, 3, 2, 0]

    def test_a_claim_is_an_attempt_under_a_lease(self, world: World) -> None:
        id = world.enqueue()
        claim = world.claim_one(BOB)
        record = world.get(id)
        assert (claim.attempt, record.attempt, record.state) == (1, 1, State.RUNNING)
        assert (record.worker_id, record.token, record.started_at) == (BOB, claim.token, world.clock.now())
        assert world.store.reading(lambda tx: leases.holdings(tx, BOB)) == {id: claim.token}
        assert world.store.reading(lambda tx: leases.holdings(tx, ANN)) == {}
        assert [(one.number, one.state) for one in world.attempts(id)] == [(1, AttemptState.RUNNING)]
        assert world.events(id) == ["execution.accepted", "execution.started"]

    def test_tokens_of_an_execution_strictly_increase(self, world: World) -> None:
        id = world.enqueue(retry=RetryPolicy(retries=20, base_delay=0))
        tokens = []
        for worker in (ANN, BOB) * 5:
            claim = world.claim_one(worker)
            tokens.append(claim.token)
            assert world.settle(claim, Failed("x"))
        assert tokens == sorted(set(tokens))
        assert [one.token for one in world.attempts(id)] == tokens

    def test_no_token_is_given_to_two_claims_at_once(self, world: World) -> None:
        for _ in range(4):
            world.enqueue()
        assert {c.token for c in world.claim(ANN, 2)}.isdisjoint(c.token for c in world.claim(BOB, 2))

    def test_later_work_is_claimed_when_its_time_has_come(self, world: World) -> None:
        id = world.enqueue(due_at=world.clock.now() + MINUTE)
        assert world.store.reading(lambda tx: tx.hot.next_due(tx)) == world.clock.now() + MINUTE
        assert not world.store.reading(executions.any_due)
        world.clock.advance("59s")
        assert world.claim() == []
        world.clock.advance("1s")
        assert world.store.reading(executions.any_due)
        assert world.claim_one().id == id
        assert world.store.reading(lambda tx: tx.hot.next_due(tx)) is None

    def test_only_the_queues_that_the_worker_serves(self, world: World) -> None:
        ids = {queue: world.enqueue(queue=queue) for queue in ("default", "reports", "a,b")}
        assert [c.id for c in world.claim(queues=["reports", "none"])] == [ids["reports"]]
        assert world.claim(queues=["a", "b"]) == []
        assert [c.id for c in world.claim(queues=["a,b"])] == [ids["a,b"]]
        assert [c.id for c in world.claim(queues=[])] == [ids["default"]]

    def test_only_what_the_worker_can_run(self, world: World) -> None:
        types = ("http", "https://a.example/", "script", "reports.daily", "python")
        ids = {type: world.enqueue(type) for type in types}
        offer = {"kinds": ["python", "script"], "functions": ["reports.daily"]}
        assert {c.id for c in world.claim(**offer)} == {ids["script"], ids["reports.daily"]}
        assert world.claim(kinds=[], functions=[]) == []
        assert {c.id for c in world.claim(kinds=["http"], functions=[])} == {ids["http"], ids["https://a.example/"]}
        assert [c.id for c in world.claim()] == [ids["python"]]

    def test_a_stranger_to_the_type_leaves_the_order_to_others(self, world: World) -> None:
        first, second = world.enqueue("b", priority=1), world.enqueue("a")
        assert [c.id for c in world.claim(slots=1, kinds=[], functions=["a"])] == [second]
        assert [c.id for c in world.claim(slots=1, kinds=[], functions=["b"])] == [first]

    @pytest.mark.parametrize("state", ["Dead", "Stopped", "Draining"])
    def test_a_worker_that_does_not_serve_gets_nothing(self, world: World, state: str) -> None:
        id = world.enqueue()
        gone = update(workers_table).where(workers_table.c.id == ANN).values(state=state)
        world.write(lambda tx: tx.execute(gone))
        assert world.claim(ANN) == []
        assert world.get(id).attempt == 0
        assert world.claim_one(BOB).id == id


class TestConcurrencyLimits:
    def limited(self, world: World, count: int, key: str = "k", limit: int = 1, **fields: Any) -> list[str]:
        return [world.enqueue(limits=Limits(((key, limit),)), **fields) for _ in range(count)]

    def test_hold_within_one_claim(self, world: World) -> None:
        ids = self.limited(world, 5, limit=2)
        assert [c.id for c in world.claim()] == ids[:2]

    def test_hold_across_claims_and_workers_and_free_up(self, world: World) -> None:
        first, second, third = self.limited(world, 3, limit=2)
        one = world.claim_one(ANN)
        (two,) = world.claim(BOB)
        assert (one.id, two.id) == (first, second)
        assert world.claim(ANN) == world.claim(BOB) == []
        assert world.settle(one, Succeeded())
        assert [c.id for c in world.claim(BOB)] == [third]

    def test_what_is_being_cancelled_still_holds_its_place(self, world: World) -> None:
        first, second = self.limited(world, 2)
        claim = world.claim_one()
        world.cancel(first)
        assert world.claim() == []
        assert world.settle(claim, Cancelled())
        assert world.claim_one().id == second

    def test_a_retry_frees_its_place_meanwhile(self, world: World) -> None:
        first, second = self.limited(world, 2)
        assert world.settle(world.claim_one(), Failed("x"))
        assert world.claim_one().id == second
        world.clock.advance("1s")
        assert world.claim() == []
        assert world.get(first).state is State.PENDING

    def test_keys_do_not_know_each_other_and_do_not_starve_the_rest(self, world: World) -> None:
        a, b = self.limited(world, 3, "a", priority=9), self.limited(world, 3, "b", limit=2)
        free = [world.enqueue() for _ in range(2)]
        assert {c.id for c in world.claim()} == {a[0], *b[:2], *free}

    def test_the_best_of_a_key_goes_first(self, world: World) -> None:
        self.limited(world, 2)
        (urgent,) = self.limited(world, 1, priority=5)
        assert world.claim_one().id == urgent

    def test_a_type_that_the_worker_lacks_takes_no_place(self, world: World) -> None:
        self.limited(world, 1, type="b", priority=1)
        (mine,) = self.limited(world, 1, type="a")
        assert [c.id for c in world.claim(kinds=[], functions=["a"])] == [mine]

    def test_slots_bound_limited_work_too(self, world: World) -> None:
        self.limited(world, 5, limit=5)
        world.enqueue()
        assert [len(world.claim(slots=2)) for _ in range(4)] == [2, 2, 2, 0]


class TestSettling:
    def test_success_moves_the_row_to_history_with_all_that_belongs_to_it(self, world: World) -> None:
        id = world.enqueue(job_id=JOB)
        claim = world.claim_one()
        world.clock.advance("3s")
        assert world.settle(claim, Succeeded({"rows": 42}))
        record = world.get(id)
        assert (record.state, record.result, record.duration) == (State.SUCCEEDED, '{"rows":42}', 3 * SECOND)
        assert (record.worker_id, record.token, record.attempt) == (ANN, claim.token, 1)
        (attempt,) = world.attempts(id)
        assert (attempt.number, attempt.state, attempt.worker_id) == (1, AttemptState.SUCCEEDED, ANN)
        assert (attempt.started_at, attempt.finished_at) == (claim.started_at, claim.started_at + 3 * SECOND)
        assert world.events(id) == ["execution.accepted", "execution.started", "execution.succeeded"]
        assert (world.count(live), world.count(finished)) == (0, 1)

    def test_it_is_one_transaction(self, world: World) -> None:
        world.enqueue()
        claim = world.claim_one()
        before = world.dump()

        def work(tx: Transaction) -> None:
            assert executions.settle(tx, [decide(claim, Succeeded(1), tx.now)])
            raise LookupError

        with pytest.raises(LookupError):
            world.write(work)
        assert world.dump() == before

    def test_a_batch_of_every_outcome(self, world: World) -> None:
        outcomes: list[Outcome] = [
            Succeeded(),
            Failed("x", retryable=False, stack="s"),
            Failed("y"),
            TimedOut(SECOND),
            Lost(),
            Interrupted(),
            Deferred(MINUTE, {"run": 1}),
        ]
        ids = [world.enqueue() for _ in outcomes]
        claims = world.claim()
        settled = [decide(claim, outcome, world.clock.now()) for claim, outcome in zip(claims, outcomes, strict=True)]
        assert world.write(lambda tx: executions.settle(tx, settled)) == set(ids)
        assert [world.get(id).state.value for id in ids] == [
            "Succeeded", "Failed", "Retrying", "Retrying", "Retrying", "Pending", "Scheduled",
        ]  # fmt: skip
        assert [world.get(id).attempt for id in ids] == [1, 1, 1, 1, 1, 0, 0]
        assert [world.events(id)[-1].removeprefix("execution.") for id in ids] == [
            "succeeded", "failed", "retrying", "retrying", "lost", "handedBack", "deferred",
        ]  # fmt: skip
        assert [[a.state.value for a in world.attempts(id)] for id in ids] == [
            ["Succeeded"], ["Failed"], ["Failed"], ["TimedOut"], ["Lost"], ["Cancelled"], [],
        ]  # fmt: skip
        assert (world.get(ids[1]).error, world.get(ids[1]).stack) == ("x", "s")
        assert world.store.reading(lambda tx: leases.holdings(tx, ANN)) == {}

    def test_a_retry_waits_and_is_claimed_when_it_is_due(self, world: World) -> None:
        id = world.enqueue(retry=RetryPolicy(base_delay=10 * SECOND))
        assert world.settle(world.claim_one(), Failed("x"))
        record = world.get(id)
        assert (record.state, record.due_at, record.error) == (
            State.RETRYING,
            world.clock.now() + 10 * SECOND,
            "x",
        )
        assert (record.worker_id, record.token) == (None, None)
        world.clock.advance("9.999s")
        assert world.claim() == []
        world.clock.advance("1ms")
        claim = world.claim_one(BOB)
        assert (claim.id, claim.attempt) == (id, 2)
        assert world.get(id).error is None

    def test_attempts_used_up_is_failed(self, world: World) -> None:
        id = world.enqueue(retry=RetryPolicy(retries=2, base_delay=0))
        for _ in range(3):
            assert world.settle(world.claim_one(), Failed("x"))
        record = world.get(id)
        assert (record.state, record.attempt, record.error) == (State.FAILED, 3, "x")
        assert [one.number for one in world.attempts(id)] == [1, 2, 3]

    def test_handing_back_does_not_count(self, world: World) -> None:
        id = world.enqueue(retry=RetryPolicy(retries=0))
        for _ in range(5):
            claim = world.claim_one()
            assert claim.attempt == 1
            assert world.settle(claim, Interrupted())
        assert world.settle(world.claim_one(), Succeeded())
        assert [one.state.value for one in world.attempts(id)] == ["Cancelled"] * 5 + ["Succeeded"]

    def test_what_was_deferred_comes_back_with_its_handle(self, world: World) -> None:
        id = world.enqueue(retry=RetryPolicy(retries=0))
        assert world.settle(world.claim_one(), Deferred(MINUTE, {"run": "abc"}))
        assert world.claim() == []
        world.clock.advance("1m")
        claim = world.claim_one()
        assert (claim.attempt, json.loads(claim.handle or "")) == (1, {"run": "abc"})
        assert world.settle(claim, Succeeded())
        assert [one.number for one in world.attempts(id)] == [1]

    def test_a_timeout_that_is_final_says_so(self, world: World) -> None:
        id = world.enqueue(retry=RetryPolicy(retries=0))
        assert world.settle(world.claim_one(), TimedOut(SECOND))
        assert world.events(id)[-1] == "execution.timedOut"
        assert world.get(id).error == "timed out after 1 s"

    @pytest.mark.parametrize("text", ["a\x00b", "\ud800 half", "日本語 🚀", "x" * 50_000])
    def test_awkward_error_texts_never_spoil_a_row(self, world: World, text: str) -> None:
        id = world.enqueue(retry=RetryPolicy(retries=1, base_delay=0))
        assert world.settle(world.claim_one(), Failed(text, stack=text))
        assert world.settle(world.claim_one(), Failed(text, stack=text))
        record = world.get(id)
        assert record.error
        assert record.error[0] == text.encode("utf-8", "replace").decode()[0]
        assert record.error[-1] == text[-1]
        assert len(world.attempts(id)) == 2
        read = select(events.c.data).where(events.c.execution_id == id)
        told = world.store.reading(lambda tx: list(tx.connection.scalars(read)))
        assert all(json.loads(data) for data in told)

    def test_a_retry_may_begin_after_the_latest_start(self, world: World) -> None:
        id = world.enqueue(latest_start=world.clock.now(), retry=RetryPolicy(base_delay=MINUTE))
        assert world.settle(world.claim_one(), Failed("x"))
        world.clock.advance("1h")
        assert world.store.reading(lambda tx: control.too_late(tx, 10)) == []
        assert world.claim_one().id == id

    def test_what_was_deferred_or_handed_back_is_never_too_late(self, world: World) -> None:
        ids = [world.enqueue(latest_start=world.clock.now()) for _ in range(2)]
        one, two = world.claim()
        assert world.settle(one, Deferred(MINUTE, 1))
        assert world.settle(two, Interrupted())
        world.clock.advance("1h")
        assert world.store.reading(lambda tx: control.too_late(tx, 10)) == []
        assert {c.id for c in world.claim()} == set(ids)


class TestFencing:
    @pytest.mark.parametrize("outcome", [Succeeded(1), Failed("x"), Interrupted(), Lost(), Deferred(1, 1)])
    def test_a_stale_token_settles_nothing(self, world: World, outcome: Outcome) -> None:
        id = world.enqueue()
        stale = world.stale(id)
        before = world.dump()
        assert not world.settle(stale, outcome)
        assert world.dump() == before
        assert world.claim_one(BOB).id == id
        before = world.dump()
        assert not world.settle(stale, outcome)
        assert world.dump() == before

    def test_a_token_of_the_future_or_of_another_settles_nothing(self, world: World) -> None:
        world.enqueue()
        world.enqueue()
        (one,) = world.claim(ANN, 1)
        (two,) = world.claim(BOB, 1)
        before = world.dump()
        for token in (two.token, one.token + 1000, 0, -1):
            assert not world.settle(replace(one, token=token), Succeeded())
        assert not world.settle(replace(one, id=JOB), Succeeded())
        assert world.dump() == before

    def test_the_same_token_is_accepted_once(self, world: World) -> None:
        id = world.enqueue()
        claim = world.claim_one()
        assert not world.store.reading(lambda tx: leases.was_settled(tx, id, claim.token))
        assert world.settle(claim, Succeeded("first"))
        before = world.dump()
        assert not world.settle(claim, Succeeded("second"))
        assert not world.settle(claim, Failed("third"))
        assert world.dump() == before
        assert world.store.reading(lambda tx: leases.was_settled(tx, id, claim.token))
        assert not world.store.reading(lambda tx: leases.was_settled(tx, id, claim.token + 1))

    def test_twice_in_one_batch_is_accepted_once(self, world: World) -> None:
        id = world.enqueue()
        claim = world.claim_one()
        settled = [decide(claim, outcome, world.clock.now()) for outcome in (Succeeded(1), Failed("x"))]
        assert world.write(lambda tx: executions.settle(tx, settled)) == {id}
        assert world.get(id).state is State.SUCCEEDED
        assert len(world.attempts(id)) == 1
        assert world.events(id).count("execution.succeeded") == 1

    def test_a_batch_tells_stale_from_current(self, world: World) -> None:
        first = world.enqueue(priority=1)
        stale = world.stale(first)
        second = world.enqueue()
        current = world.claim(BOB)
        assert {c.id for c in current} == {first, second}
        mine = next(c for c in current if c.id == second)
        batch = [decide(claim, Succeeded(), world.clock.now()) for claim in (stale, mine)]
        assert world.write(lambda tx: executions.settle(tx, batch)) == {second}
        assert (world.get(first).state, world.get(second).state) == (State.RUNNING, State.SUCCEEDED)

    @pytest.mark.parametrize("stale_first", [True, False])
    def test_of_two_tokens_of_an_execution_the_current_one_settles(self, world: World, stale_first: bool) -> None:
        id = world.enqueue()
        stale = world.stale(id)
        (mine,) = world.claim()
        both = [(stale, Failed("stale")), (mine, Succeeded("mine"))]
        batch = [decide(claim, outcome, world.clock.now()) for claim, outcome in both]
        world.store.writing(lambda tx: executions.settle(tx, batch if stale_first else batch[::-1]))
        assert (world.get(id).state, world.get(id).result) == (State.SUCCEEDED, '"mine"')

    def test_a_stale_token_extends_logs_and_reports_nothing(self, world: World) -> None:
        id = world.enqueue()
        stale = world.stale(id)
        assert world.claim_one(BOB).id == id
        before = world.dump()

        def work(tx: Transaction) -> tuple[Any, ...]:
            tx.hot.append_logs(tx, [(id, stale.token, 1, tx.now, "stdout", "late")])
            return (
                leases.extend(tx, id, stale.token, HOUR),
                leases.progress(tx, id, stale.token, 0.5, "half"),
                leases.held(tx, id, stale.token),
            )

        assert world.write(work) == (None, False, None)
        assert world.dump() == before

    def test_the_current_token_extends_logs_and_reports(self, world: World) -> None:
        id = world.enqueue()
        claim = world.claim_one()

        def work(tx: Transaction) -> tuple[Any, ...]:
            lines = [(id, claim.token, line, tx.now, "stdout", f"line {line}") for line in (1, 2)]
            tx.hot.append_logs(tx, lines)
            tx.hot.append_logs(tx, lines)
            return (
                leases.extend(tx, id, claim.token, HOUR),
                leases.progress(tx, id, claim.token, 0.5, "half"),
                leases.held(tx, id, claim.token),
            )

        assert world.write(work) == (world.clock.now() + HOUR, True, (claim, False))
        assert json.loads(world.get(id).progress or "") == {"fraction": 0.5, "message": "half"}
        lines = world.store.reading(lambda tx: history.lines_of(tx, id, limit=10))
        assert [(line.line, line.text, line.stream) for line in lines] == [
            (1, "line 1", "stdout"), (2, "line 2", "stdout"),
        ]  # fmt: skip

    def test_what_has_ended_takes_no_more_logs(self, world: World) -> None:
        id = world.enqueue()
        claim = world.claim_one()
        assert world.settle(claim, Succeeded())
        world.write(lambda tx: tx.hot.append_logs(tx, [(id, claim.token, 1, tx.now, "stdout", "late")]))
        assert world.count(logs) == 0


class TestCancelling:
    @pytest.mark.parametrize("queued", ["pending", "scheduled", "waiting", "retrying"])
    def test_what_nobody_runs_ends_at_once(self, world: World, queued: str) -> None:
        due = world.clock.now() + HOUR if queued == "scheduled" else None
        id = world.enqueue(due_at=due, held=queued == "waiting")
        if queued == "retrying":
            assert world.settle(world.claim_one(), Failed("x"))
        assert world.cancel(id, reason="no longer needed") == {id: State.CANCELLED}
        record = world.get(id)
        assert (record.state, record.reason, record.finished_at) == (
            State.CANCELLED,
            "no longer needed",
            world.clock.now(),
        )
        assert json.loads(record.cancellation or "") == {"by": "ann", "reason": "no longer needed"}
        assert (world.events(id)[-1], world.count(live)) == ("execution.cancelled", 0)

    def test_its_events_name_the_job(self, world: World) -> None:
        runs, waits = world.enqueue(job_id=JOB, priority=9), world.enqueue(job_id=JOB)
        assert world.claim_one().id == runs
        for id in (runs, waits):
            world.cancel(id, reason="no need")
        assert world.told("execution.cancelling") == [(runs, JOB, {"by": "ann", "reason": "no need"})]
        assert world.told("execution.cancelled") == [(waits, JOB, {"state": "Cancelled", "reason": "no need"})]

    def test_what_runs_is_asked_and_confirmed(self, world: World) -> None:
        id = world.enqueue()
        claim = world.claim_one()
        rung: list[str] = []
        world.store.bell.listen(bell.CANCELLATIONS, lambda: rung.append("rung"))
        assert world.cancel(id, graceSeconds=2) == {id: State.CANCELLING}
        assert rung == ["rung"]
        noted = world.store.reading(lambda tx: (leases.cancelling(tx, ANN), leases.cancelling(tx, BOB)))
        assert noted == ({id: {"by": "ann", "graceSeconds": 2}}, {})
        assert world.store.writing(lambda tx: leases.held(tx, id, claim.token)) == (claim, True)
        assert world.settle(claim, Cancelled("stopped"))
        assert (world.get(id).state, world.attempts(id)[0].state) == (State.CANCELLED, AttemptState.CANCELLED)
        assert world.events(id)[-2:] == ["execution.cancelling", "execution.cancelled"]

    def test_what_succeeds_in_spite_of_it_has_succeeded(self, world: World) -> None:
        id = world.enqueue()
        claim = world.claim_one()
        world.cancel(id)
        assert world.settle(claim, Succeeded(1))
        assert (world.get(id).state, world.get(id).result) == (State.SUCCEEDED, "1")

    def test_what_fails_because_of_it_is_not_tried_again(self, world: World) -> None:
        id = world.enqueue()
        claim = world.claim_one()
        world.cancel(id)
        assert world.settle(claim, Failed("interrupted"))
        assert world.get(id).state is State.CANCELLED

    def test_what_has_ended_or_never_was_is_left_alone(self, world: World) -> None:
        id = world.enqueue()
        assert world.settle(world.claim_one(), Succeeded())
        before = world.dump()
        assert world.cancel(id, JOB) == {}
        assert world.dump() == before

    def test_many_at_once(self, world: World) -> None:
        ids = [world.enqueue() for _ in range(3)]
        world.claim(slots=1)
        states = world.cancel(*ids)
        assert [states[id] for id in ids] == [State.CANCELLING, State.CANCELLED, State.CANCELLED]

    def test_what_was_decided_before_somebody_asked_for_the_end_is_not_written(self, world: World) -> None:
        id = world.enqueue(retry=RetryPolicy(retries=5))
        claim = world.claim_one()
        decided = decide(claim, Failed("no"), world.clock.now())
        world.cancel(id)
        assert world.write(lambda tx: executions.settle(tx, [decided])) == set()
        assert world.get(id).state is State.CANCELLING
        anew = decide(claim, Failed("no"), world.clock.now(), cancelling=True)
        assert world.write(lambda tx: executions.settle(tx, [anew])) == {id}
        assert world.get(id).state is State.CANCELLED

    def test_the_exchange_decides_anew_when_somebody_asked_for_the_end(self, world: World) -> None:
        asked, other = world.enqueue(), world.enqueue()
        claims = {claim.id: claim for claim in world.claim()}
        ended = [Ended(claims[asked], Failed("no")), Ended(claims[other], Failed("no"))]
        given = exchange.prepare(ended, Notes(), world.clock.now())
        world.cancel(asked)
        answer = exchange.read(world.write(lambda tx: exchange.write(tx, given, Offer(ANN, 10, LEASE), None)))
        assert answer.refused == []
        assert {item.execution_id: item.state for item in answer.settled} == {
            asked: State.CANCELLED,
            other: State.RETRYING,
        }


class TestHoldingAndExpiring:
    def test_the_queue_of_a_paused_job_waits_and_goes_on(self, world: World) -> None:
        now = world.clock.now()
        running = world.enqueue(job_id=JOB, priority=9)
        claim = world.claim_one()
        assert claim.id == running
        queued = [world.enqueue(job_id=JOB), world.enqueue(job_id=JOB, due_at=now + HOUR)]
        other = world.enqueue(job_id=OTHER_JOB)
        world.write(lambda tx: control.hold(tx, JOB))
        assert [world.get(id).state for id in queued] == [State.WAITING, State.WAITING]
        assert world.get(running).state is State.RUNNING
        assert [c.id for c in world.claim()] == [other]
        world.write(lambda tx: control.release(tx, JOB))
        assert [c.id for c in world.claim()] == [queued[0]]
        world.clock.advance("1h")
        assert [c.id for c in world.claim()] == [queued[1]]

    def test_what_was_not_begun_in_time_expires(self, world: World) -> None:
        id = world.enqueue(latest_start=world.clock.now() + MINUTE)
        world.clock.advance("1m")
        assert world.store.reading(lambda tx: control.too_late(tx, 10)) == []
        world.clock.advance("1ms")
        assert world.claim() == []
        late = world.store.reading(lambda tx: control.too_late(tx, 10))
        assert late == [id]
        world.write(lambda tx: control.finish_unrun(tx, late, State.EXPIRED, "too late"))
        record = world.get(id)
        assert (record.state, record.reason, record.attempt) == (State.EXPIRED, "too late", 0)
        assert world.events(id) == ["execution.accepted", "execution.expired"]

    def test_what_runs_is_never_ended_unrun(self, world: World) -> None:
        id = world.enqueue()
        world.claim_one()
        world.write(lambda tx: control.finish_unrun(tx, [id], State.SKIPPED, "no"))
        assert world.get(id).state is State.RUNNING
        assert world.count(finished) == 0

    def test_live_work_is_found_by_job_schedule_and_overlap_key(self, world: World) -> None:
        one = world.enqueue(job_id=JOB, schedule_id=SCHEDULE)
        two = world.enqueue(job_id=JOB, lane="overlap:mine")
        world.claim(slots=1)
        read = world.store.reading
        assert read(lambda tx: control.live_of(tx, job_id=JOB)) == [(one, State.RUNNING), (two, State.PENDING)]
        assert read(lambda tx: control.live_of(tx, schedule_id=SCHEDULE)) == [(one, State.RUNNING)]
        assert read(lambda tx: control.live_by_overlap(tx, [SCHEDULE], ["overlap:mine", "overlap:none"])) == {
            SCHEDULE: [(one, State.RUNNING)],
            "overlap:mine": [(two, State.PENDING)],
        }


class TestWorkOfAJobThatStopped:
    """A job is paused, disabled or deleted while an attempt of it runs."""

    @pytest.fixture
    def job(self, world: World) -> str:
        definition = Job.parse({"name": "a job", "jobType": "echo"}, defaults=Defaults()).to_json()
        now = world.clock.now()
        record = jobs.JobRecord(
            JOB, definition, JobState.ENABLED, "api", None, 1, None, None, "ann", "ann", now, now
        )  # fmt: skip
        world.write(lambda tx: jobs.add(tx, record))
        return JOB

    def stop(self, world: World, job: str, state: JobState) -> None:
        def work(tx: Transaction) -> None:
            jobs.set_state(tx, job, state, note=None, resume_at=None, changed_by="ann")
            control.hold(tx, job)

        world.write(work)

    @pytest.mark.parametrize("outcome", [Failed("x"), TimedOut(SECOND), Lost(), Interrupted(), Deferred(SECOND, {})])
    @pytest.mark.parametrize(
        ("state", "trigger"),
        [
            (JobState.DISABLED, Trigger.SCHEDULE),
            (JobState.DISABLED, Trigger.MANUAL),
            (JobState.PAUSED, Trigger.SCHEDULE),
            (JobState.PAUSED, Trigger.SUBMISSION),
        ],
    )
    def test_nothing_more_of_it_starts(
        self, world: World, job: str, outcome: Outcome, state: JobState, trigger: Trigger
    ) -> None:
        id = world.enqueue(job_id=job, trigger=trigger, retry=RetryPolicy(base_delay=SECOND))
        claim = world.claim_one()
        self.stop(world, job, state)
        assert world.settle(claim, outcome)
        world.clock.advance("1h")
        assert world.claim() == []
        assert world.get(id).state is State.WAITING
        world.write(lambda tx: control.release(tx, job))
        assert [claim.id for claim in world.claim()] == [id]

    def test_what_a_person_asked_for_goes_on_through_a_pause(self, world: World, job: str) -> None:
        id = world.enqueue(job_id=job, trigger=Trigger.MANUAL, retry=RetryPolicy(base_delay=SECOND))
        claim = world.claim_one()
        self.stop(world, job, JobState.PAUSED)
        assert world.settle(claim, Failed("x"))
        world.clock.advance("1h")
        assert [(claim.id, claim.attempt) for claim in world.claim()] == [(id, 2)]

    def test_with_its_job_it_ends(self, world: World, job: str) -> None:
        failing, done, other = world.enqueue(job_id=job), world.enqueue(job_id=job), world.enqueue()
        claims = world.claim()
        world.write(lambda tx: jobs.remove(tx, job, changed_by="ann"))
        outcomes: list[Outcome] = [Failed("x"), Succeeded(), Failed("x")]
        settled = [decide(claim, outcome, world.clock.now()) for claim, outcome in zip(claims, outcomes, strict=True)]
        assert world.write(lambda tx: executions.settle(tx, settled)) == {failing, done, other}
        assert [world.get(id).state.value for id in (failing, done, other)] == ["Cancelled", "Succeeded", "Retrying"]
        assert (world.get(failing).reason, world.get(failing).error) == ("its job was deleted", "x")
        assert [attempt.state for attempt in world.attempts(failing)] == [AttemptState.FAILED]
        assert world.events(failing)[-1] == "execution.cancelled"

    def test_what_ends_well_ends_well(self, world: World, job: str) -> None:
        id = world.enqueue(job_id=job)
        claim = world.claim_one()
        self.stop(world, job, JobState.DISABLED)
        assert world.settle(claim, Succeeded())
        assert world.get(id).state is State.SUCCEEDED


class TestLeases:
    def lost(self, world: World) -> list[str]:
        return [claim.id for claim, _ in world.store.writing(lambda tx: leases.without_lease(tx, 100))]

    def test_a_lease_holds_as_long_as_its_worker_beats(self, world: World) -> None:
        world.enqueue()
        world.claim_one()
        for _ in range(10):
            world.clock.advance("20s")
            assert world.write(lambda tx: workers.beat(tx, ANN, LEASE)) == world.clock.now() + LEASE
            assert self.lost(world) == []

    def test_a_lease_holds_until_its_own_time_also_without_the_worker(self, world: World) -> None:
        id = world.enqueue()
        claim = world.claim_one()
        world.write(lambda tx: leases.extend(tx, id, claim.token, HOUR))
        world.clock.advance("59m")
        assert world.write(workers.convict) == [BOB]
        assert self.lost(world) == []
        world.clock.advance("61s")
        assert world.write(workers.convict) == [ANN]
        assert self.lost(world) == [id]

    def test_the_exact_end_of_a_lease_is_still_inside(self, world: World) -> None:
        id = world.enqueue()
        world.claim_one()
        world.clock.advance("30s")
        assert self.lost(world) == []
        assert world.write(workers.convict) == []
        world.clock.set(world.clock.now() + 1)
        assert self.lost(world) == []  # a beat may be under way: who is silent is decided under its lock
        assert set(world.write(workers.convict)) == {ANN, BOB}
        assert self.lost(world) == [id]

    @pytest.mark.parametrize("state", ["Dead", "Stopped"])
    def test_a_worker_that_ended_holds_nothing(self, world: World, state: str) -> None:
        id = world.enqueue()
        world.claim_one()
        ended = update(workers_table).where(workers_table.c.id == ANN).values(state=state)
        world.write(lambda tx: tx.execute(ended))
        assert self.lost(world) == [id]

    def test_a_convicted_worker_never_beats_again(self, world: World) -> None:
        world.clock.advance("31s")
        assert set(world.write(workers.convict)) == {ANN, BOB}
        assert world.write(workers.convict) == []
        assert world.write(lambda tx: workers.beat(tx, ANN, LEASE)) is None

    def test_a_lost_lease_tells_whether_it_was_being_cancelled(self, world: World) -> None:
        one, two = world.enqueue(), world.enqueue()
        world.claim()
        world.cancel(two)
        world.clock.advance("31s")
        world.write(workers.convict)
        lost = world.store.writing(lambda tx: leases.without_lease(tx, 100))
        assert {claim.id: cancelling for claim, cancelling in lost} == {one: False, two: True}
        settled = [decide(claim, Lost(), world.clock.now(), cancelling=cancelling) for claim, cancelling in lost]
        assert world.write(lambda tx: executions.settle(tx, settled)) == {one, two}
        assert (world.get(one).state, world.get(two).state) == (State.RETRYING, State.CANCELLED)
        assert {world.attempts(id)[0].state for id in (one, two)} == {AttemptState.LOST}

    def test_no_more_than_the_limit_at_once(self, world: World) -> None:
        for _ in range(5):
            world.enqueue()
        world.claim()
        world.clock.advance("31s")
        world.write(workers.convict)
        assert len(world.store.writing(lambda tx: leases.without_lease(tx, 2))) == 2

    def test_what_a_worker_does_not_know_of(self, world: World) -> None:
        one, two, three = world.enqueue(), world.enqueue(), world.enqueue()
        tokens = {claim.id: claim.token for claim in world.claim()}
        world.write(lambda tx: leases.extend(tx, two, tokens[two], HOUR))

        def unheard_of(known: dict[str, int]) -> list[str]:
            found = world.store.reading(lambda tx: leases.unheard_of(tx, ANN, known, LEASE))
            return [claim.id for claim, _ in found]

        assert unheard_of({}) == []
        world.clock.advance("31s")
        assert unheard_of({}) == [one, three]
        assert unheard_of({one: tokens[one], three: tokens[three] - 1}) == [three]


class TestLeasesOverHttp:
    """A worker over HTTP may never have heard of what it was given: its answer may have been lost on the way."""

    @pytest.fixture
    def worker(self, world: World) -> str:
        id = "00000000-0000-7000-8000-00000000000c"
        world.write(lambda tx: workers.register(tx, workers.NewWorker(id, id, 10, "http"), LEASE))
        return id

    def claim(self, world: World, worker: str, lease: int | None) -> Claim:
        (claim,) = world.write(lambda tx: executions.claim(tx, Offer(worker, 1, lease)))
        return claim

    def beat(self, world: World, worker: str, seconds: int = 20) -> None:
        world.clock.advance(seconds)
        world.write(lambda tx: workers.beat(tx, worker, LEASE))

    def lost(self, world: World) -> list[str]:
        return [claim.id for claim, _ in world.store.writing(lambda tx: leases.without_lease(tx, 100))]

    def overdue(self, world: World, limit: int = 100) -> list[str]:
        return [claim.id for claim, _ in world.store.writing(lambda tx: leases.overdue(tx, limit))]

    def test_without_a_lease_of_its_own_it_holds_as_long_as_the_worker_beats(self, world: World, worker: str) -> None:
        id = world.enqueue()
        self.claim(world, worker, None)
        for _ in range(10):
            self.beat(world, worker)
            assert self.lost(world) == []
        world.clock.advance("30s")
        assert (self.lost(world), self.overdue(world)) == ([], [])
        world.clock.advance("1ms")
        assert self.lost(world) == [id]
        assert worker in world.write(workers.convict)

    def test_a_lease_of_its_own_counts_alone(self, world: World, worker: str) -> None:
        id = world.enqueue()
        self.claim(world, worker, 50 * SECOND)
        for _ in range(2):
            self.beat(world, worker)
            assert self.lost(world) == []
        self.beat(world, worker)
        assert self.lost(world) == [id]

    def test_a_lease_of_its_own_outlives_the_silence_of_its_worker(self, world: World, worker: str) -> None:
        id = world.enqueue()
        self.claim(world, worker, HOUR)
        world.clock.advance("59m")
        assert worker not in world.write(workers.convict)
        assert self.lost(world) == []
        world.clock.advance("61s")
        assert self.lost(world) == [id]

    def test_an_extended_lease_counts_alone(self, world: World, worker: str) -> None:
        id = world.enqueue()
        claim = self.claim(world, worker, None)
        world.write(lambda tx: leases.extend(tx, id, claim.token, 2 * SECOND))
        self.beat(world, worker, 3)
        assert self.lost(world) == [id]

    def test_a_worker_that_names_its_work_prolongs_it(self, world: World, worker: str) -> None:
        named, unnamed = world.enqueue(), world.enqueue()
        one, two = self.claim(world, worker, 2 * SECOND), self.claim(world, worker, 2 * SECOND)
        known = {one.id: one.token, two.id: two.token - 1}
        world.write(lambda tx: leases.confirm(tx, worker, known, LEASE))
        self.beat(world, worker, 3)
        assert self.lost(world) == [unnamed]
        world.write(lambda tx: leases.extend(tx, named, one.token, HOUR))
        world.write(lambda tx: leases.confirm(tx, worker, known, LEASE))
        self.beat(world, worker, 31)
        assert named not in self.lost(world)

    def test_no_attempt_outlives_its_timeout_by_more_than_a_minute(self, world: World, worker: str) -> None:
        ids = [world.enqueue(timeout=MINUTE) for _ in range(3)]
        for _ in ids[:2]:
            self.claim(world, worker, HOUR)
        world.claim_one()
        world.clock.advance("2m")
        assert self.overdue(world) == []
        world.clock.advance("1ms")
        assert (self.overdue(world), self.overdue(world, 1)) == (ids[:2], ids[:1])

    def test_a_worker_that_ended_holds_nothing(self, world: World, worker: str) -> None:
        id = world.enqueue()
        self.claim(world, worker, HOUR)
        world.write(lambda tx: workers.end(tx, worker))
        assert self.lost(world) == [id]


def test_a_settlement_of_nothing_is_nothing(world: World) -> None:
    assert world.write(lambda tx: executions.settle(tx, [])) == set()
    unknown = Settlement(JOB, 1, State.SUCCEEDED, AttemptState.SUCCEEDED)
    assert world.write(lambda tx: executions.settle(tx, [unknown])) == set()
