"""Random histories of a store beside a model of a few lines: invariants I1-I7 of the reliability plan hold throughout."""

from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from rota.domain.execution import LEASED, TERMINAL, Claim, NewExecution, State
from rota.domain.instant import SECOND, Instant
from rota.domain.outcome import Cancelled, Failed, Interrupted, Lost, Outcome, Succeeded, TimedOut
from rota.domain.retry import RetryPolicy
from rota.domain.transition import decide, legal
from rota.stores import control, executions, history, leases, workers
from rota.stores.base import Offer
from rota.stores.database import Transaction
from rota.stores.tables import events
from stores_under_test.plugin import MakeStore

LEASE = 30 * SECOND
ENDS = {"execution.succeeded", "execution.failed", "execution.cancelled", "execution.timedOut"}

OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(
    [Succeeded(1), Failed("x"), Failed("y", retryable=False), TimedOut(SECOND), Interrupted(), Cancelled()]
)


@dataclass
class Modelled:
    """What an execution should be."""

    id: str
    priority: int
    due: Instant
    key: str | None
    policy: RetryPolicy
    state: State
    attempt: int = 0
    token: int = 0
    worker: str | None = None
    lease_until: Instant = 0
    terminal_settlements: int = 0

    def becomes(self, state: State) -> None:
        """I7: only edges of the published state machine."""
        assert state is self.state or legal(self.state, state), f"{self.state} -> {state}"
        assert self.state not in TERMINAL
        self.state = state


@dataclass
class ModelledWorker:
    """A worker that claims; after its conviction another takes its place."""

    id: str
    lease_until: Instant
    claims: list[Claim] = field(default_factory=list)


def machine(make_store: MakeStore) -> type[RuleBasedStateMachine]:
    """The machine over new stores of one kind."""

    class Store(RuleBasedStateMachine):
        @initialize()
        def open(self) -> None:
            self.store, self.clock = make_store()
            self.model: dict[str, Modelled] = {}
            self.past: list[Claim] = []
            self.registered = 0
            self.workers = [self._new_worker(), self._new_worker()]

        def _new_worker(self) -> ModelledWorker:
            self.registered += 1
            id = str(UUID(int=self.registered))
            self.store.writing(lambda tx: workers.register(tx, workers.NewWorker(id, id, 5, "database"), LEASE))
            return ModelledWorker(id, self.clock.now() + LEASE)

        def _promote(self) -> None:
            for one in self.model.values():
                if one.state in (State.SCHEDULED, State.RETRYING) and one.due <= self.clock.now():
                    one.becomes(State.PENDING)

        def _claimable(self, slots: int) -> list[str]:
            waiting = [one for one in self.model.values() if one.state is State.PENDING]
            held = {one.key for one in self.model.values() if one.state in LEASED}
            chosen: list[str] = []
            for one in sorted(waiting, key=lambda one: (-one.priority, one.due, one.id)):
                if len(chosen) < slots and (one.key is None or one.key not in held):
                    chosen.append(one.id)
                    held.add(one.key)
            return chosen

        @rule(
            delay=st.sampled_from([0, 0, 0, 5, 60]),
            priority=st.integers(0, 1),
            retries=st.integers(0, 2),
            key=st.sampled_from([None, None, "a", "b"]),
        )
        def enqueue(self, delay: int, priority: int, retries: int, key: str | None) -> None:
            policy = RetryPolicy(retries, base_delay=4 * SECOND)
            due = self.clock.now() + delay * SECOND
            new = NewExecution(
                "echo",
                due_at=due,
                priority=priority,
                retry=policy,
                lane=key,
            )
            (id,) = self.store.writing(lambda tx: executions.enqueue(tx, [new]))
            assert id not in self.model
            state = State.SCHEDULED if delay else State.PENDING
            self.model[id] = Modelled(id, priority, due, key, policy, state)

        @rule(which=st.integers(0, 1), slots=st.integers(1, 3))
        def claim(self, which: int, slots: int) -> None:
            worker = self.workers[which]

            def work(tx: Transaction) -> list[Claim]:
                tx.hot.promote(tx)
                return executions.claim(tx, Offer(worker.id, slots, LEASE))

            claims = self.store.writing(work)
            self._promote()
            assert [claim.id for claim in claims] == self._claimable(slots)
            for claim in claims:
                one = self.model[claim.id]
                one.becomes(State.RUNNING)  # I4: it was Pending, so no lease of it was valid
                one.attempt += 1
                assert claim.attempt == one.attempt <= one.policy.max_attempts  # I6
                assert claim.token > one.token  # I5
                one.token, one.worker, one.lease_until = claim.token, worker.id, self.clock.now() + LEASE
                worker.claims.append(claim)

        def _settle(self, claim: Claim, outcome: Outcome) -> None:
            one = self.model[claim.id]
            current = one.state in LEASED and one.token == claim.token

            def work(tx: Transaction) -> set[str]:
                held = leases.held(tx, claim.id, claim.token)
                assert (held is not None) == current
                return executions.settle(tx, [decide(claim, outcome, tx.now, cancelling=held is not None and held[1])])

            accepted = claim.id in self.store.writing(work)
            assert accepted == current  # I3
            if current:
                self._settled(claim, outcome)

        def _settled(self, claim: Claim, outcome: Outcome) -> None:
            one = self.model[claim.id]
            told = decide(claim, outcome, self.clock.now(), cancelling=one.state is State.CANCELLING)
            one.becomes(told.state)
            one.attempt -= not told.counts
            one.due = one.due if told.due_at is None else told.due_at
            one.worker = None
            one.terminal_settlements += told.state in TERMINAL
            self.past.append(claim)

        @precondition(lambda self: any(worker.claims for worker in self.workers))
        @rule(data=st.data(), outcome=OUTCOMES)
        def settle(self, data: st.DataObject, outcome: Outcome) -> None:
            worker = data.draw(st.sampled_from([worker for worker in self.workers if worker.claims]))
            self._settle(worker.claims.pop(data.draw(st.integers(0, len(worker.claims) - 1))), outcome)

        @precondition(lambda self: self.past)
        @rule(data=st.data(), outcome=OUTCOMES)
        def settle_again(self, data: st.DataObject, outcome: Outcome) -> None:
            superseded = [claim for claim in self.past if self.model[claim.id].state in LEASED]
            claim = data.draw(st.sampled_from(superseded or self.past))
            self._settle(claim, outcome)
            stale = self.store.writing(lambda tx: leases.extend(tx, claim.id, claim.token, LEASE))
            assert stale is None

        @rule(seconds=st.sampled_from([1, 4, 8, 29, 31]))
        def time_passes(self, seconds: int) -> None:
            self.clock.advance(seconds)

        @rule(which=st.integers(0, 1))
        def beat(self, which: int) -> None:
            worker = self.workers[which]
            worker.lease_until = self.clock.now() + LEASE
            assert self.store.writing(lambda tx: workers.beat(tx, worker.id, LEASE)) == worker.lease_until

        @rule()
        def rescue(self) -> None:
            now = self.clock.now()
            held = {one.worker: one.lease_until for one in sorted(self.model.values(), key=lambda o: o.lease_until)}
            dead = {w.id for w in self.workers if max(w.lease_until, held.get(w.id, 0)) < now}
            silent = {w.id for w in self.workers if w.lease_until < now}
            lost = {
                one.id: one.state
                for one in self.model.values()
                if one.state in LEASED and one.worker in silent and one.lease_until < now
            }

            def work(tx: Transaction) -> dict[str, Claim]:
                assert set(workers.convict(tx)) == dead
                found = leases.without_lease(tx, 100)
                settled = [decide(claim, Lost(), tx.now, cancelling=cancelling) for claim, cancelling in found]
                assert executions.settle(tx, settled) == {claim.id for claim, _ in found}
                return {claim.id: claim for claim, _ in found}

            claims = self.store.writing(work)
            assert set(claims) == set(lost)
            for claim in claims.values():
                self._settled(claim, Lost())
            for i, worker in enumerate(self.workers):
                if worker.id in dead:
                    self.past += worker.claims
                    self.workers[i] = self._new_worker()

        @precondition(lambda self: self.model)
        @rule(data=st.data())
        def cancel(self, data: st.DataObject) -> None:
            one = self.model[data.draw(st.sampled_from(sorted(self.model)))]
            states = self.store.writing(lambda tx: control.request_cancellation(tx, [one.id], {"by": "ann"}))
            if one.state in TERMINAL:
                assert states == {}
                return
            one.becomes(State.CANCELLING if one.state in LEASED else State.CANCELLED)
            one.terminal_settlements += one.state is State.CANCELLED
            assert states == {one.id: one.state}

        @invariant()
        def the_store_is_as_the_model(self) -> None:
            def read(tx: Transaction) -> None:
                for id, one in self.model.items():
                    record = history.get(tx, id)
                    assert record is not None, "I1: it vanished"
                    assert (record.state, record.attempt) == (one.state, one.attempt)
                    assert one.terminal_settlements == (one.state in TERMINAL)  # I2
                    if one.state in LEASED:
                        assert (record.token, record.worker_id) == (one.token, one.worker)
                assert len(control.live_of(tx)) == sum(one.state not in TERMINAL for one in self.model.values())

            self.store.reading(read)

        def teardown(self) -> None:
            """I1: once the faults are over, everything accepted ends, and exactly once."""
            while any(one.state not in TERMINAL for one in self.model.values()):
                self.clock.advance(61)
                self.rescue()
                self.claim(0, 100)
                while self.workers[0].claims:
                    self._settle(self.workers[0].claims.pop(), Succeeded(1))
                self.the_store_is_as_the_model()
            ends = select(events.c.execution_id, func.count()).where(events.c.kind.in_(ENDS))
            lost = select(func.count()).select_from(events).where(events.c.kind == "execution.lost")

            def read(tx: Transaction) -> None:
                told = {row[0]: row[1] for row in tx.all(ends.group_by(events.c.execution_id))}
                assert set(told.values()) <= {1}
                assert set(told) <= set(self.model)
                if not tx.connection.scalar(lost):
                    assert set(told) == set(self.model)

            self.store.reading(read)
            make_store.discard(self.store)

    return Store


def test_random_histories_keep_the_invariants(make_store: MakeStore, store_kind: str) -> None:
    run_state_machine_as_test(
        machine(make_store),
        settings=settings(
            max_examples=40 if store_kind == "sqlite" else 20,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
