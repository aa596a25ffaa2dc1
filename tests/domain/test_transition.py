"""The one decision: what an attempt's outcome leads to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.domain.execution import LEGAL, LIVE, SYNONYMS, TERMINAL, AttemptState, Claim, State, kind_of
from rota.domain.instant import HOUR, SECOND
from rota.domain.outcome import Cancelled, Deferred, Failed, Interrupted, Lost, Outcome, Succeeded, TimedOut
from rota.domain.retry import OnLost, RetryPolicy, Strategy
from rota.domain.transition import decide, legal

NOW = 1_700_000_000 * SECOND
RETRY = RetryPolicy(retries=2, base_delay=10 * SECOND, permanent_statuses=(404, 410))
FIRST, LAST = 1, 3

S, A = State, AttemptState


def claim(attempt: int = FIRST, *, retry: RetryPolicy = RETRY, on_lost: OnLost = OnLost.RETRY) -> Claim:
    return Claim("execution", "job", "echo", None, attempt, 7, retry=retry, on_lost=on_lost)


PERMANENT = Failed("no such table", retryable=False)
GONE = Failed("HTTP 404", status=404)

TABLE = [
    # outcome, attempt, on_lost, cancelling -> state, attempt's state, counts
    (Succeeded(1), FIRST, OnLost.RETRY, False, S.SUCCEEDED, A.SUCCEEDED, True),
    (Succeeded(1), LAST, OnLost.RETRY, False, S.SUCCEEDED, A.SUCCEEDED, True),
    (Succeeded(1), FIRST, OnLost.RETRY, True, S.SUCCEEDED, A.SUCCEEDED, True),
    (Failed("x"), FIRST, OnLost.RETRY, False, S.RETRYING, A.FAILED, True),
    (Failed("x"), FIRST, OnLost.FAIL, False, S.RETRYING, A.FAILED, True),
    (Failed("x"), LAST, OnLost.RETRY, False, S.FAILED, A.FAILED, True),
    (Failed("x"), FIRST, OnLost.RETRY, True, S.CANCELLED, A.CANCELLED, True),
    (Failed("x"), LAST, OnLost.RETRY, True, S.CANCELLED, A.CANCELLED, True),
    (PERMANENT, FIRST, OnLost.RETRY, False, S.FAILED, A.FAILED, True),
    (PERMANENT, FIRST, OnLost.RETRY, True, S.CANCELLED, A.CANCELLED, True),
    (GONE, FIRST, OnLost.RETRY, False, S.FAILED, A.FAILED, True),
    (Failed("HTTP 500", status=500), FIRST, OnLost.RETRY, False, S.RETRYING, A.FAILED, True),
    (TimedOut(SECOND), FIRST, OnLost.RETRY, False, S.RETRYING, A.TIMED_OUT, True),
    (TimedOut(SECOND), LAST, OnLost.RETRY, False, S.FAILED, A.TIMED_OUT, True),
    (TimedOut(SECOND), FIRST, OnLost.RETRY, True, S.CANCELLED, A.CANCELLED, True),
    (Lost(), FIRST, OnLost.RETRY, False, S.RETRYING, A.LOST, True),
    (Lost(), LAST, OnLost.RETRY, False, S.FAILED, A.LOST, True),
    (Lost(), FIRST, OnLost.FAIL, False, S.FAILED, A.LOST, True),
    (Lost(), FIRST, OnLost.RETRY, True, S.CANCELLED, A.LOST, True),
    (Lost(), FIRST, OnLost.FAIL, True, S.CANCELLED, A.LOST, True),
    (Interrupted(), FIRST, OnLost.FAIL, False, S.PENDING, A.CANCELLED, False),
    (Interrupted(), LAST, OnLost.RETRY, False, S.PENDING, A.CANCELLED, False),
    (Interrupted(), FIRST, OnLost.RETRY, True, S.CANCELLED, A.CANCELLED, True),
    (Deferred(SECOND, {"id": 1}), FIRST, OnLost.RETRY, False, S.SCHEDULED, None, False),
    (Deferred(SECOND, {"id": 1}), LAST, OnLost.RETRY, False, S.SCHEDULED, None, False),
    (Deferred(SECOND, {"id": 1}), FIRST, OnLost.RETRY, True, S.CANCELLED, A.CANCELLED, True),
    (Cancelled(), FIRST, OnLost.RETRY, True, S.CANCELLED, A.CANCELLED, True),
]


@pytest.mark.parametrize(("outcome", "attempt", "on_lost", "cancelling", "state", "attempt_state", "counts"), TABLE)
def test_each_outcome_leads_to_its_state(
    outcome: Outcome,
    attempt: int,
    on_lost: OnLost,
    cancelling: bool,
    state: State,
    attempt_state: AttemptState | None,
    counts: bool,
) -> None:
    settled = decide(claim(attempt, on_lost=on_lost), outcome, NOW, cancelling=cancelling)
    assert (settled.state, settled.attempt_state, settled.counts) == (state, attempt_state, counts)
    assert (settled.execution_id, settled.token) == ("execution", 7)


def test_a_retry_waits_for_its_delay_and_lost_work_keeps_its_place() -> None:
    assert decide(claim(1), Failed("x"), NOW).due_at == NOW + 10 * SECOND
    assert decide(claim(2), TimedOut(SECOND), NOW).due_at == NOW + 20 * SECOND
    assert decide(claim(1), Lost(), NOW).due_at is None
    assert decide(claim(1), Interrupted(), NOW).due_at is None
    assert decide(claim(1), Deferred(3 * SECOND, None), NOW).due_at == NOW + 3 * SECOND


@pytest.mark.parametrize(("asked", "waits"), [(None, 10), (0, 10), (9, 10), (11, 11), (100_000, 100_000)])
def test_the_wait_is_never_shorter_than_the_target_asked_for(asked: int | None, waits: int) -> None:
    outcome = Failed("HTTP 429", status=429, retry_after=None if asked is None else asked * SECOND)
    assert decide(claim(1), outcome, NOW).due_at == NOW + waits * SECOND


def test_the_settlement_tells_what_happened() -> None:
    failed = decide(claim(LAST), Failed("boom", stack="trace", result={"status": 500}), NOW)
    assert (failed.error, failed.stack, failed.result) == ("boom", "trace", {"status": 500})
    assert decide(claim(LAST), TimedOut(1_500_000), NOW).error == "timed out after 1.5 s"
    assert decide(claim(LAST), Lost(), NOW).error == "the lease ran out"
    assert decide(claim(), Cancelled("by ann"), NOW, cancelling=True).error == "by ann"
    assert decide(claim(), Interrupted(), NOW).reason == "the worker stopped"
    assert decide(claim(), Succeeded([1]), NOW).reason is None
    assert decide(claim(), Succeeded([1]), NOW, cancelling=True).reason == "finished before the cancellation reached it"
    assert decide(claim(), Deferred(SECOND, {"run": 5}), NOW).handle == {"run": 5}


TEXTS = st.text(max_size=5)
OUTCOMES: st.SearchStrategy[Any] = st.one_of(
    st.builds(Succeeded, st.integers()),
    st.builds(
        Failed,
        TEXTS,
        retryable=st.booleans(),
        retry_after=st.none() | st.integers(0, HOUR),
        status=st.none() | st.sampled_from([200, 404, 410, 429, 500, 503]),
    ),
    st.builds(TimedOut, st.integers(1, HOUR)),
    st.builds(Cancelled, TEXTS),
    st.builds(Lost, TEXTS),
    st.builds(Interrupted, TEXTS),
    st.builds(Deferred, st.integers(0, HOUR), st.none()),
)
CLAIMS = st.builds(
    Claim,
    st.just("execution"),
    st.none(),
    st.just("echo"),
    st.none(),
    st.integers(1, 6),
    st.integers(1, 100),
    retry=st.builds(
        RetryPolicy,
        st.integers(0, 5),
        st.sampled_from(Strategy),
        st.integers(0, HOUR),
        st.integers(0, HOUR),
        st.sampled_from([(), (404,), (500, 503)]),
    ),
    on_lost=st.sampled_from(OnLost),
)


@given(CLAIMS, OUTCOMES, st.booleans())
def test_every_settlement_is_a_legal_transition(claim: Claim, outcome: Outcome, cancelling: bool) -> None:
    settled = decide(claim, outcome, NOW, cancelling=cancelling)
    assert legal(State.CANCELLING if cancelling else State.RUNNING, settled.state)
    keeps_its_place = isinstance(outcome, Lost | Interrupted)
    assert (settled.due_at is None) == (settled.state in TERMINAL or keeps_its_place)


@given(CLAIMS, OUTCOMES, st.booleans())
def test_what_is_tried_again_has_attempts_left_and_waits_no_shorter_than_zero(
    claim: Claim, outcome: Outcome, cancelling: bool
) -> None:
    settled = decide(claim, outcome, NOW, cancelling=cancelling)
    if settled.state is State.RETRYING:
        assert claim.attempt < claim.retry.max_attempts
        assert not cancelling
        asked = outcome.retry_after or 0 if isinstance(outcome, Failed) else 0
        if not isinstance(outcome, Lost):
            assert settled.due_at is not None
            assert 0 <= settled.due_at - NOW <= max(claim.retry.max_delay, asked)
    if settled.state in (State.PENDING, State.SCHEDULED):
        assert not settled.counts


@given(st.lists(st.booleans(), max_size=20), st.integers(0, 5))
def test_attempts_never_exceed_the_maximum_however_they_end(lost: list[bool], retries: int) -> None:
    policy = RetryPolicy(retries=retries)
    attempt, state = 0, State.PENDING
    for was_lost in lost:
        if state in TERMINAL:
            break
        attempt += 1
        state = decide(claim(attempt, retry=policy), Lost() if was_lost else Failed("x"), NOW).state
    assert attempt <= policy.max_attempts
    assert (state is State.FAILED) == (attempt == policy.max_attempts)


def test_the_table_of_transitions_is_complete_and_what_has_ended_stays_so() -> None:
    assert set(LEGAL) == set(State)
    assert set(State) == TERMINAL | LIVE
    assert all(not LEGAL[state] for state in TERMINAL)
    assert all(LEGAL[state] & TERMINAL for state in LIVE)


@pytest.mark.parametrize("queued", [State.SCHEDULED, State.PENDING, State.RETRYING])
def test_what_is_queued_may_wait_for_its_paused_job_and_come_back(queued: State) -> None:
    assert legal(queued, State.WAITING)
    assert legal(State.WAITING, State.SCHEDULED)


def test_the_words_of_others_for_our_states_are_known() -> None:
    assert {SYNONYMS[word] for word in ("completed", "success")} == {State.SUCCEEDED}
    assert SYNONYMS["queued"] is State.PENDING


@pytest.mark.parametrize(
    ("job_type", "kind"),
    [
        ("http://a.example/x", "http"),
        ("HTTPS://a.example/x", "http"),
        ("http", "http"),
        ("script", "script"),
        ("kafka", "kafka"),
        ("reports.daily", "python"),
        ("httpx", "python"),
        ("Script", "python"),
        ("", "python"),
    ],
)
def test_the_type_tells_the_executor_kind(job_type: str, kind: str) -> None:
    assert kind_of(job_type) == kind
