"""What a change does to the fires: nothing lost, nothing told twice, and pairs that a person would make."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.domain.difference import HORIZON, Planned, compare
from rota.domain.instant import DAY, parse_instant
from rota.domain.planning import upcoming
from rota.domain.schedule import Schedule

START = parse_instant("2026-01-01T00:00:00Z")


def planned(document: dict[str, Any], runs: int = 0) -> Planned:
    return Planned(Schedule.parse(document, now=START, spread="s"), runs=runs)


@pytest.mark.parametrize(
    ("old", "new", "counts", "summary"),
    [
        ({"daily": {"at": "06:00"}}, {"daily": {"at": "07:00"}}, (0, 400, 0),
         "moves 400 runs; first difference 2026-01-01 06:00 UTC"),
        ({"daily": {"at": "06:00"}}, {"cron": "0 6 * * *"}, (0, 0, 0), "no run changes up to 2027-02-05 00:00 UTC"),
        ({"daily": {"at": "06:00"}}, {"weekly": {"on": ["MON"], "at": "07:00"}}, (343, 57, 0),
         "removes 343 runs, moves 57; first difference 2026-01-01 06:00 UTC"),
        ({"monthly": {"day": 31, "at": "06:00"}}, {"monthly": {"day": -1, "at": "06:00"}}, (0, 0, 5),
         "adds 5 runs; first difference 2026-02-28 06:00 UTC"),
        ({"weekly": {"on": ["FRI"], "at": "06:00"}}, {"weekly": {"on": ["MON"], "at": "06:00"}}, (0, 57, 0),
         "moves 57 runs; first difference 2026-01-02 06:00 UTC"),
        ({"every": "30m"}, {"every": "1h"}, (500, 0, 0), "removes 500 runs; first difference 2026-01-01 00:30 UTC"),
        ({"once": "2026-03-01T00:00:00Z"}, {"once": "2026-09-01T00:00:00Z"}, (1, 0, 1),
         "removes 1 run, adds 1; first difference 2026-03-01 00:00 UTC"),
        ({"daily": {"at": "06:00"}}, {"daily": {"at": "06:00"}, "enabled": False}, (400, 0, 0),
         "removes 400 runs; first difference 2026-01-01 06:00 UTC"),
    ],
)  # fmt: skip
def test_what_goes_moves_and_comes(
    old: dict[str, Any], new: dict[str, Any], counts: tuple[int, int, int], summary: str
) -> None:
    found = compare(planned(old), planned(new), start=START)
    assert (len(found.removed), len(found.moved), len(found.added)) == counts
    assert found.summary == summary


def test_the_first_difference_is_told_in_the_zone_of_the_schedule() -> None:
    old = {"daily": {"at": "02:30"}, "timeZone": "Europe/Madrid"}
    found = compare(planned(old), planned(old | {"dstGap": "skip"}), start=START)
    assert found.summary == "removes 1 run; first difference 2026-03-29 03:00 Europe/Madrid"


def test_a_schedule_that_is_new_or_has_run_out() -> None:
    limited = {"daily": {"at": "06:00"}, "maxRuns": 3}
    assert len(compare(None, planned(limited), start=START).added) == 3
    assert len(compare(None, planned(limited, runs=2), start=START).added) == 1
    assert compare(planned(limited, runs=3), planned(limited, runs=3), start=START).kept == 0


def test_a_condition_on_the_environment_is_judged_where_it_is_asked() -> None:
    old, new = (planned({"daily": {"at": at}, "condition": 'environment == "PROD"'}) for at in ("06:00", "07:00"))
    assert len(compare(old, new, start=START, environment="PROD").moved) == 400
    assert compare(old, new, start=START, environment="DEV").first is None


DOCUMENTS = st.one_of(
    st.builds(lambda h, m: {"daily": {"at": f"{h:02}:{m:02}"}}, st.integers(0, 23), st.sampled_from([0, 30])),
    st.builds(lambda d, h: {"weekly": {"on": d, "at": f"{h:02}:00"}},
              st.lists(st.sampled_from(["MON", "WED", "SUN"]), min_size=1, unique=True), st.integers(0, 23)),
    st.builds(lambda d: {"monthly": {"day": d, "at": "06:00"}}, st.sampled_from([1, 15, 31, -1])),
    st.builds(lambda n: {"every": f"{n}h"}, st.integers(1, 50)),
)  # fmt: skip


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=80, deadline=None)
def test_every_fire_is_told_once(old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = planned(old), planned(new)
    found = compare(before, after, start=START)
    was = [fire.at for fire in upcoming(before.schedule, START, found.until, 1000).items]
    now = [fire.at for fire in upcoming(after.schedule, START, found.until, 1000).items]
    assert sorted([*found.removed, *(one.before for one in found.moved)]) == sorted(set(was) - set(now))
    assert sorted([*found.added, *(one.after for one in found.moved)]) == sorted(set(now) - set(was))
    assert found.kept == len(set(was) & set(now))
    assert all(abs(one.after - one.before) <= 31 * DAY for one in found.moved)
    assert found.until <= START + HORIZON
    back = compare(after, before, start=START)
    assert (back.kept, len(back.removed) + len(back.moved)) == (found.kept, len(found.added) + len(found.moved))
