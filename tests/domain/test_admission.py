"""Admission lets nobody past a cap or a rate, holds nobody back without a reason, and says truly when a rate opens."""

from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from rota.domain.admission import Admission, Starts
from rota.domain.limits import Limits, Rate

NAMES = ("a", "b", "c")
RATES = {"a": Rate(2, 10_000), "b": Rate(5, 25_000), "c": Rate(1, 3_000)}
CANDIDATES = st.lists(
    st.builds(
        Limits,
        st.lists(st.tuples(st.sampled_from(NAMES), st.integers(1, 4)), max_size=3, unique_by=lambda cap: cap[0]).map(
            tuple
        ),
        st.sets(st.sampled_from(NAMES), max_size=3).map(lambda names: tuple((name, RATES[name]) for name in names)),
    ),
    max_size=30,
)
RUNNING = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 5))


@given(CANDIDATES, RUNNING)
def test_who_is_admitted_fits_and_who_is_refused_does_not(candidates: list[Limits], running: dict[str, int]) -> None:
    admission = Admission(0, dict(running))
    admitted: list[Limits] = []
    for limits in candidates:
        held = Counter(running)
        for other in admitted:
            held.update(name for name, _ in other.caps)
        started = Counter(name for other in admitted for name, _ in other.rates)
        full = [name for name, most in limits.caps if held[name] >= most]
        shut = [name for name, rate in limits.rates if started[name] >= rate.count]
        assert admission.admit(limits) == full + shut
        if not full + shut:
            admitted.append(limits)


@given(CANDIDATES, RUNNING)
def test_who_was_refused_once_stays_refused(candidates: list[Limits], running: dict[str, int]) -> None:
    admission = Admission(0, dict(running))
    refused: set[Limits] = set()
    for limits in candidates:
        if admission.admit(limits):
            refused.add(limits)
        else:
            assert limits not in refused


@given(st.lists(st.integers(0, 20_000), max_size=60), st.sampled_from(sorted(RATES.values(), key=str)))
def test_no_stretch_of_time_ever_holds_more_starts_than_the_rate(steps: list[int], rate: Rate) -> None:
    starts, now, begun = Starts(), 0, []
    for step in steps:
        now += step
        fits = sum(1 for at in begun if at > now - rate.per) < rate.count
        assert (starts.free(rate, now) > 0) == fits
        if fits:
            assert starts.opens_at(rate, now) == now
            starts = starts.after(rate, now, 1)
            begun.append(now)
        else:
            opening = starts.opens_at(rate, now)
            assert opening > now
            assert starts.free(rate, opening - 1) == 0
            assert starts.free(rate, opening) > 0
    for at in begun:
        assert sum(1 for other in begun if at - rate.per < other <= at) <= rate.count


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 40)), min_size=1, max_size=300))
@example([(1, 1)] * 300)
def test_the_marks_stay_few_and_err_on_the_late_side_only(steps: list[tuple[int, int]]) -> None:
    rate = Rate(1000, 10_000)
    starts, now = Starts(), 0
    begun: Counter[int] = Counter()
    for step, wanted in steps:
        now += step
        take = min(wanted, starts.free(rate, now))
        if take:
            starts = starts.after(rate, now, take)
            begun[now] += take
        assert sum(count for at, count in begun.items() if at > now - rate.per) <= rate.count
        assert len(starts.marks) <= 64
    assert starts.free(rate, now + rate.per) == rate.count


def test_a_clock_that_goes_back_neither_frees_nor_blocks_for_longer_than_the_period() -> None:
    rate = Rate(1, 1000)
    starts = Starts().after(rate, 50_000, 1)
    assert starts.free(rate, 10) == 0
    assert starts.opens_at(rate, 10) == 1010


def test_only_what_nothing_but_rates_holds_back_waits_for_a_time() -> None:
    rate = Rate(1, 1000)
    admission = Admission(500, {"cap": 1}, {"rate": Starts(((200, 1),)), "later": Starts(((400, 1),))})
    assert admission.admit(Limits((("cap", 1),), (("rate", rate),))) == ["cap", "rate"]
    assert admission.opens_at is None
    assert admission.admit(Limits((), (("rate", rate), ("later", rate)))) == ["rate", "later"]
    assert admission.opens_at == 1400
    assert admission.admit(Limits((), (("rate", rate),))) == ["rate"]
    assert admission.opens_at == 1200
