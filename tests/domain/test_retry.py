"""How long the next try waits: growth, bounds and the draw of the jitter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.domain.instant import HOUR, SECOND
from rota.domain.retry import RetryPolicy, Strategy

PLAIN = (Strategy.FIXED, Strategy.LINEAR, Strategy.EXPONENTIAL)


def policies(strategies: tuple[Strategy, ...]) -> st.SearchStrategy[RetryPolicy]:
    return st.builds(
        RetryPolicy,
        retries=st.integers(0, 100),
        strategy=st.sampled_from(strategies),
        base_delay=st.integers(0, 10 * HOUR),
        max_delay=st.integers(0, 100 * HOUR),
    )


@pytest.mark.parametrize(
    ("strategy", "seconds"),
    [
        (Strategy.FIXED, [2, 2, 2, 2, 2]),
        (Strategy.LINEAR, [2, 4, 6, 8, 10]),
        (Strategy.EXPONENTIAL, [2, 4, 8, 16, 20]),
    ],
)
def test_the_delay_grows_as_its_name_says(strategy: Strategy, seconds: list[int]) -> None:
    policy = RetryPolicy(strategy=strategy, base_delay=2 * SECOND, max_delay=20 * SECOND)
    assert [policy.delay(attempt) for attempt in range(1, 6)] == [wait * SECOND for wait in seconds]


def test_the_default_is_three_retries_after_one_two_and_four_seconds() -> None:
    policy = RetryPolicy()
    assert policy.max_attempts == 4
    assert [policy.delay(attempt) for attempt in (1, 2, 3)] == [SECOND, 2 * SECOND, 4 * SECOND]


@given(policies(PLAIN), st.integers(1, 5000))
def test_without_jitter_the_delay_is_bounded_and_never_shrinks(policy: RetryPolicy, attempt: int) -> None:
    wait = policy.delay(attempt)
    assert 0 <= wait <= policy.max_delay
    assert wait <= policy.delay(attempt + 1)


@given(policies((Strategy.EXPONENTIAL_JITTER,)), st.integers(1, 5000), st.text(max_size=40))
def test_jitter_draws_from_the_upper_half_of_the_plain_delay(policy: RetryPolicy, attempt: int, key: str) -> None:
    plain = RetryPolicy(policy.retries, Strategy.EXPONENTIAL, policy.base_delay, policy.max_delay).delay(attempt)
    assert plain // 2 <= policy.delay(attempt, key) <= plain


def test_jitter_differs_between_executions_and_is_the_same_for_a_replay() -> None:
    policy = RetryPolicy(strategy=Strategy.EXPONENTIAL_JITTER, base_delay=HOUR)
    waits = {policy.delay(1, f"execution-{number}") for number in range(100)}
    assert len(waits) == 100
    assert policy.delay(3, "a") == policy.delay(3, "a")
