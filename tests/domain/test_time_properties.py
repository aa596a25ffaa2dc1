"""Random expressions around the changes of random clocks: Rota names the instants that the judge names, and no others."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from domain.cron_in_words import words
from domain.cron_texts import CHANGES, EXPRESSIONS, watched
from domain.wall_clock import Told, between, expected, utc, within
from rota.domain.errors import InvalidInput
from rota.domain.instant import Instant, from_datetime
from rota.domain.occurrence import Decision
from rota.domain.planning import Preview, due, upcoming
from rota.domain.schedule import Schedule
from rota.domain.zone import MOST_TOLD

FEW, MANY = 100, 7_000
"""Examples of each of the three properties; the many are more than 20,000 together."""
MOST_FIRES = 150
"""An example ends after so many: every second of an hour would say nothing more."""

counts = pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.heavy)])


@dataclass(frozen=True, slots=True)
class Example:
    """A schedule around a change of its clock, and what the judge says of it in (start, until]."""

    schedule: Schedule
    start: Instant
    until: Instant
    told: tuple[Told, ...] = field(repr=False)

    @property
    def fires(self) -> list[Told]:
        return [one for one in self.told if one.fires]

    @property
    def suppressed(self) -> list[Told]:
        return [one for one in self.told if not one.fires]


@st.composite
def examples_of_time(draw: st.DrawFn) -> Example:
    """A schedule whose judge has something to say."""
    text = draw(EXPRESSIONS)
    zone, change = draw(st.sampled_from(CHANGES))
    spread = draw(st.sampled_from(["a", "nightly.report", "ünïcode"]))
    gap, overlap = draw(st.sampled_from(["shift", "skip"])), draw(st.sampled_from(["first", "both"]))
    minutes = draw(st.one_of(st.integers(-300, 200), st.integers(-3 * 24 * 60, 24 * 60))) - 90
    start = utc(change) + timedelta(minutes=minutes, microseconds=draw(st.sampled_from([0, 0, 1, 59_999_999])))
    document = {"cron": text, "timeZone": zone, "dstGap": gap, "dstOverlap": overlap, "missed": "runAll"}
    try:
        schedule = Schedule.parse(document, now=from_datetime(start), spread=spread)
    except InvalidInput as error:
        refused = error.detail
    else:
        refused = ""
    assert not refused or "never fires" in refused, f"{text}: {refused}"
    until = start + timedelta(hours=draw(st.sampled_from([30, 6, 95, 1])))
    until = min(until, utc(change) + timedelta(days=5))
    minutes_shown = between(watched(zone, change), start, until)
    told = within(expected(minutes_shown, words(text, spread).rule(), gap, overlap), start, until)
    fires = [one for one in told if one.fires]
    assert not (refused and fires), f"{text} was refused, but it fires at {fires[0]}"
    assume(not refused)
    if len(fires) > MOST_FIRES:
        until = fires[MOST_FIRES].at
        told = within(told, start, until)
    return Example(schedule, from_datetime(start), from_datetime(until), tuple(told))


def fires_are_those_of_the_judge(example: Example, data: st.DataObject) -> None:
    preview = upcoming(example.schedule, example.start, example.until, count=1000)
    assert [(fire.at, fire.local_text, fire.notes) for fire in preview.items] == [
        (from_datetime(one.at), one.local, (one.note,) if one.note else ()) for one in example.fires
    ]
    told, suppressed = [one.nominal_local_text for one in preview.skipped], [one.local for one in example.suppressed]
    assert told == (suppressed if len(told) < MOST_TOLD else suppressed[: len(told)])
    assert all(earlier.at < later.at for earlier, later in pairwise(preview.items))


def pieces_are_the_whole(example: Example, data: st.DataObject) -> None:
    whole = upcoming(example.schedule, example.start, example.until, count=1000)
    pieces, start = Preview([], []), example.start
    for cut in cuts(example, data):
        piece = upcoming(example.schedule, start, cut, count=1000)
        pieces.items.extend(piece.items)
        pieces.skipped.extend(piece.skipped)
        start = cut
    assert pieces == whole
    size = data.draw(st.integers(1, 5), label="size")
    fires, start = [], example.start
    while piece_of := upcoming(example.schedule, start, example.until, count=size).items:
        fires.extend(piece_of)
        start = piece_of[-1].at
    assert fires == whole.items


def due_accounts_for_each_instant_once(example: Example, data: st.DataObject) -> None:
    fires = {from_datetime(one.at) for one in example.fires}
    suppressed = {from_datetime(one.at) for one in example.suppressed} - fires
    limit = data.draw(st.sampled_from([1, 2, 7, 1000]), label="limit")
    decided: Counter[tuple[Instant, bool]] = Counter()
    cursor = example.start
    for now in cuts(example, data):
        more, caught_up = True, 0
        while more:
            result = due(
                example.schedule, cursor=cursor, now=now, revised_at=example.start, runs=0, limit=limit,
                caught_up=caught_up,
            )  # fmt: skip
            decided.update((one.nominal, one.decision is Decision.SUPPRESSED_DST) for one in result.decisions)
            assert result.cursor >= cursor
            cursor, more, caught_up = result.cursor, result.more, result.caught_up
        coming = min((at for at in fires if at > now), default=None)
        assert coming is None or result.fires_at == coming
        to_decide = min((at for at in fires | suppressed if at > now), default=None)
        assert to_decide is None or coming is None or result.next_at == to_decide
    assert decided == Counter([(at, False) for at in fires] + [(at, True) for at in suppressed])


def cuts(example: Example, data: st.DataObject) -> list[Instant]:
    """Ends of consecutive windows, many of them exactly at an instant of the schedule, the last at the end."""
    instants = sorted({from_datetime(one.at) for one in example.told})
    anywhere = st.integers(example.start + 1, example.until)
    where = st.one_of(anywhere, st.sampled_from(instants)) if instants else anywhere
    return sorted({*data.draw(st.lists(where, max_size=6), label="cuts"), example.until})


CHECKS: tuple[Callable[[Example, st.DataObject], None], ...] = (
    fires_are_those_of_the_judge,
    pieces_are_the_whole,
    due_accounts_for_each_instant_once,
)


@counts
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.timeout(1800)
def test_around_changes_of_the_clock(check: Callable[[Example, st.DataObject], None], examples: int) -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(examples_of_time(), st.data())
    def holds(example: Example, data: st.DataObject) -> None:
        seen["examples"] += 1
        seen["fires"] += len(example.fires)
        seen["suppressed"] += len(example.suppressed)
        seen.update(one.note for one in example.fires if one.note)
        check(example, data)

    holds()
    print(f"{check.__name__}: " + ", ".join(f"{count} {name}" for name, count in seen.items()))
    assert seen["examples"] >= examples
    assert min(seen["fires"], seen["suppressed"]) > 0, "too tame to prove anything"
    if examples == MANY:
        assert min(seen["dstShifted"], seen["dstRepeated"]) > 0, "too tame to prove anything"
