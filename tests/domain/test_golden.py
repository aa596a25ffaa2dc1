"""The golden table of fires through the changes of the clock: the file, the judge and Rota agree in every cell."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.golden.places import PLACES, Case, Change, Place, cases
from domain.golden.table import Table, file_of, line, read, rota_says, section, suppressed_line, table_of_rota, written
from domain.wall_clock import MINUTE, expected, utc, watch, within

LOOKING_BACK = timedelta(days=2)
"""How long the judge watches before the table begins, so that it knows what the clock has shown already."""

NOTED = ("dstShifted", "dstRepeated", "suppressed")

places = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.zone)


def judged(place: Place, change: Change, case: Case) -> list[str]:
    """The lines of a cell as the judge has them."""
    zone = ZoneInfo(place.zone)
    if case.rule is None:
        return [line(at, at.astimezone(zone).isoformat()) for at in beats(change, case.period)]
    minutes = watch(zone, change.start - LOOKING_BACK, change.until)
    gap, overlap = str(case.document.get("dstGap", "shift")), str(case.document.get("dstOverlap", "first"))
    told = within(expected(minutes, case.rule, gap, overlap), change.start, change.until)
    fires = [line(one.at, one.local, *([one.note] if one.note else [])) for one in told if one.fires]
    return fires + [suppressed_line(one.local) for one in told if not one.fires]


def beats(change: Change, period: timedelta) -> list[datetime]:
    """The whole periods since 1970, minute by minute."""
    epoch = utc("1970-01-01T00:00:00Z")
    minutes = (change.start + MINUTE * step for step in range(1, (change.until - change.start) // MINUTE + 1))
    return [at for at in minutes if (at - epoch) % period == timedelta()]


def table_of_judge(place: Place) -> Table:
    return {
        (section(change), case.name): judged(place, change, case) for change in place.changes for case in cases(place)
    }


@places
def test_the_table_the_judge_and_rota_agree(place: Place) -> None:
    golden, judge, rota = read(place), table_of_judge(place), table_of_rota(place)
    assert golden.keys() == judge.keys() == rota.keys()
    for cell, lines in golden.items():
        assert lines == judge[cell], f"the table and the judge differ in {cell}"
        assert lines == rota[cell], f"the table and Rota differ in {cell}"
    rows = [text for lines in golden.values() for text in lines]
    counts = ", ".join(f"{sum(noted in row for row in rows)} {noted}" for noted in NOTED)
    print(f"{place.zone}: {len(golden)} cells, {len(rows)} lines, of them {counts}")


@places
def test_the_zone_has_the_offsets_that_the_table_depends_on(place: Place) -> None:
    zone = ZoneInfo(place.zone)
    for change in place.changes:
        at = utc(change.at)
        for step in range(int((change.until - change.start) / MINUTE) + 1):
            moment = change.start + MINUTE * step
            wanted = change.before if moment < at else change.after
            assert moment.astimezone(zone).isoformat().endswith(wanted), f"{place.zone} at {moment}"


@places
def test_the_file_is_the_one_that_the_script_writes(place: Place) -> None:
    assert file_of(place).read_text(encoding="utf-8") == written(place, table_of_rota(place))


def test_the_table_holds_what_it_was_made_for() -> None:
    """A table without gaps and overlaps would agree with anything."""
    rows = [text for place in PLACES for lines in read(place).values() for text in lines]
    assert len({place.zone for place in PLACES}) == 8
    assert all(len(list(cases(place))) >= 14 for place in PLACES)
    assert sum("dstShifted" in row for row in rows) >= 50
    assert sum("dstRepeated" in row for row in rows) >= 50
    assert sum("suppressed" in row for row in rows) >= 50


def test_the_judge_sees_what_people_see() -> None:
    """Written by hand from the announcements of the changes, without any program."""
    new_york = {"timeZone": "America/New_York"}
    spring, autumn = PLACES[0].changes
    daily = {"daily": {"at": "02:30"}, **new_york}
    assert rota_says(daily, spring.start, spring.until) == [
        "2024-03-10T07:00:00Z  2024-03-10T03:00:00-04:00  dstShifted"
    ]
    hourly = {"cron": "0 1 * * *", "dstOverlap": "both", **new_york}
    assert rota_says(hourly, autumn.start, autumn.until) == [
        "2024-11-03T05:00:00Z  2024-11-03T01:00:00-04:00",
        "2024-11-03T06:00:00Z  2024-11-03T01:00:00-05:00  dstRepeated",
    ]
    apia = next(place for place in PLACES if place.zone == "Pacific/Apia")
    friday = {"weekly": {"on": ["FRI"], "at": "12:00"}, "timeZone": apia.zone}
    assert rota_says(friday, apia.changes[2].start, apia.changes[2].until) == [
        "2011-12-30T10:00:00Z  2011-12-31T00:00:00+14:00  dstShifted"
    ]
