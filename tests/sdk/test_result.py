"""What a returned value comes to."""

import pytest

from rota.domain.outcome import Deferred, Failed, Succeeded
from rota.sdk.context import Context
from rota.sdk.result import outcome_of


def nested(levels: int) -> object:
    made: object = "the core"
    for level in range(levels):
        made = [made] if level % 2 else {"in": made}
    return made


def test_a_result_as_deep_as_parameters_passes() -> None:
    assert outcome_of(nested(32)) == Succeeded(nested(32))
    assert outcome_of("{[" * 100) == Succeeded("{[" * 100)


@pytest.mark.parametrize("levels", [33, 256, 500])
def test_a_deeper_result_is_a_permanent_failure(levels: int) -> None:
    refused = Failed("result is nested more than 32 levels deep", retryable=False)
    assert outcome_of(nested(levels)) == refused
    assert outcome_of(Succeeded(nested(levels))) == refused
    assert outcome_of(Failed("no", result=nested(levels))) == refused
    assert outcome_of(Deferred(1, nested(levels))) == refused


def test_a_result_that_exhausts_the_stack_is_one_too() -> None:
    made: list[object] = []
    for _ in range(100_000):
        made = [made]
    assert outcome_of(made) == Failed("result is nested more than 32 levels deep", retryable=False)
    while made:  # taken apart here: not level in level
        made = made[0]  # type: ignore[assignment]


def test_a_number_without_a_text_is_no_result() -> None:
    assert outcome_of(2**63) == Succeeded(2**63)
    found = outcome_of(10**5000)
    assert isinstance(found, Failed)
    assert not found.retryable


def test_progress_is_plain() -> None:
    reports: list[tuple[float, str]] = []
    context = Context(progress=lambda *report: reports.append(report))
    context.progress(True, {"step": 1})  # type: ignore[arg-type]
    context.progress(float("nan"), "left out")
    context.progress(float("inf"))
    assert reports == [(1.0, "{'step': 1}"), (1.0, "")]
    assert [type(fraction) for fraction, _ in reports] == [float, float]
