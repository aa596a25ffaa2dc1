"""Days off from files that other programs wrote, and files that they can read."""

import sys
from datetime import date, timedelta

import pytest

from rota.domain.calendar import Calendar
from rota.domain.errors import InvalidInput, Unavailable
from rota.domain.ics import read_days_off, write_days_off
from rota.domain.instant import SECOND
from rota.domain.working_days import WorkingDays

TODAY = date(2026, 6, 15)


def file(*events: str) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.split("|"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def days(*events: str) -> list[str]:
    return [rule.day.isoformat() for rule in read_days_off(file(*events), TODAY).rules]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("DTSTART;VALUE=DATE:20261224", ["2026-12-24"]),
        ("DTSTART;VALUE=DATE:20261224|DTEND;VALUE=DATE:20261225", ["2026-12-24"]),
        ("DTSTART;VALUE=DATE:20261231|DTEND;VALUE=DATE:20270103", ["2026-12-31", "2027-01-01", "2027-01-02"]),
        ("DTSTART;VALUE=DATE:20261224|DURATION:P2D", ["2026-12-24", "2026-12-25"]),
        ("DTSTART;VALUE=DATE:20200101|RRULE:FREQ=YEARLY;UNTIL=20280601", ["2026-01-01", "2027-01-01", "2028-01-01"]),
        ("DTSTART;VALUE=DATE:20200101|RRULE:FREQ=YEARLY;UNTIL=20270101T000000Z", ["2026-01-01", "2027-01-01"]),
        ("DTSTART;VALUE=DATE:20240101|RRULE:FREQ=YEARLY;COUNT=4", ["2026-01-01", "2027-01-01"]),
        (
            # the fourth Thursday of November
            "DTSTART;VALUE=DATE:20261126|RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=3",
            ["2026-11-26", "2027-11-25", "2028-11-23"],
        ),
        (
            # election day: the Tuesday after the first Monday of November
            "DTSTART;VALUE=DATE:20261103|RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;COUNT=2",
            ["2026-11-03", "2027-11-02"],
        ),
        ("DTSTART;VALUE=DATE:20260731|RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", ["2026-07-31", "2026-08-31"]),
        ("DTSTART;VALUE=DATE:20260703|RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2", ["2026-07-03", "2026-07-17"]),
        (
            "DTSTART;VALUE=DATE:20260701|RRULE:FREQ=DAILY;COUNT=4|EXDATE;VALUE=DATE:20260702,20260703",
            ["2026-07-01", "2026-07-04"],
        ),
        ("DTSTART;VALUE=DATE:20260701|RDATE;VALUE=DATE:20260801,20260901", ["2026-07-01", "2026-08-01", "2026-09-01"]),
    ],
)
def test_days_of_an_event(event: str, expected: list[str]) -> None:
    assert days(event) == expected


def test_what_repeats_for_ever_is_read_ten_years_ahead() -> None:
    found = days("DTSTART;VALUE=DATE:19900501|RRULE:FREQ=YEARLY")
    assert found == [f"{year}-05-01" for year in range(2026, 2037)]


def test_an_instance_that_was_moved_is_where_it_was_moved_to() -> None:
    assert days(
        "UID:x|DTSTART;VALUE=DATE:20260501|RRULE:FREQ=YEARLY;COUNT=3",
        "UID:x|RECURRENCE-ID;VALUE=DATE:20270501|DTSTART;VALUE=DATE:20270503",
    ) == ["2026-05-01", "2027-05-03", "2028-05-01"]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("DTSTART:20261224T090000Z", "time of day"),
        ("DTSTART;VALUE=DATE:20261224|DTEND:20261224T100000Z", "end has a time"),
        ("DTSTART;VALUE=DATE:20261224|STATUS:CANCELLED", "cancelled"),
        ("DTSTART;VALUE=DATE:20261340", "DTSTART"),
        ("SUMMARY:no day at all", "no single DTSTART"),
        ("DTSTART;VALUE=DATE:20260101|DTEND;VALUE=DATE:20280101", "longer than a year"),
        ("DTSTART;VALUE=DATE:20260101|RRULE:FREQ=HOURLY", "less than a day"),
        ("DTSTART;VALUE=DATE:20260101|RRULE:FREQ=SOMETIMES", "RRULE"),
        ("DTSTART;VALUE=DATE:20260101|RRULE:FREQ=YEARLY;BYWEEKNO=53", "BYWEEKNO"),
        ("DTSTART;VALUE=DATE:20260101|RRULE:FREQ=DAILY;BYMONTH=2", "BYMONTH"),
        ("DTSTART;VALUE=DATE:20260101|RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never comes true"),
        ("DTSTART;VALUE=DATE:20260131|RRULE:FREQ=YEARLY;BYMONTH=2", "never comes true"),
        ("DTSTART;VALUE=DATE:20260101|RRULE:FREQ=YEARLY;BYMONTH=2;BYDAY=6MO", "beyond"),
        ("DTSTART;VALUE=DATE:20260101|RRULE:FREQ=MONTHLY;BYDAY=1TU;BYMONTHDAY=20", "beyond"),
        ("DTSTART;VALUE=DATE:20260101|RRULE:FREQ=YEARLY;INTERVAL=0", "INTERVAL"),
        ("DTSTART;VALUE=DATE:20260101|RRULE:FREQ=YEARLY|RRULE:FREQ=DAILY", "more than one RRULE"),
        ("DTSTART;VALUE=DATE:00010101|RRULE:FREQ=DAILY;UNTIL=20250101", "repeated for too long"),
    ],
)
def test_events_without_whole_days_are_skipped_and_named(event: str, why: str) -> None:
    found = read_days_off(file(f"{event}|SUMMARY:odd one", "DTSTART;VALUE=DATE:20261224|SUMMARY:good one"), TODAY)
    assert [(rule.day, rule.name) for rule in found.rules] == [(date(2026, 12, 24), "good one")]
    assert len(found.skipped) == 1
    assert why in found.skipped[0].why
    if "SUMMARY" not in event:
        assert found.skipped[0].summary == "odd one"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "<html></html>",
        "BEGIN:VEVENT\nEND:VEVENT",
        "BEGIN:VCALENDAR\nEND:VEVENT\nEND:VCALENDAR",
        "BEGIN:VCALENDAR\n" * 3000,
        "\0",
    ],
)
def test_what_is_no_such_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="not an iCalendar file"):
        read_days_off(text, TODAY)


def test_too_much_is_refused() -> None:
    every_day = "DTSTART;VALUE=DATE:20260101|RRULE:FREQ=DAILY"
    with pytest.raises(InvalidInput, match="more than 2000 days"):
        days(every_day)
    with pytest.raises(InvalidInput, match="more than 200 events"):
        days(*["DTSTART;VALUE=DATE:20260101|RRULE:FREQ=YEARLY"] * 201)
    with pytest.raises(InvalidInput, match="more than 5000 events"):
        days(*["DTSTART;VALUE=DATE:20260101"] * 5001)


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(Unavailable, match=r"pip install 'rota-scheduler\[ics\]'"):
        days("DTSTART;VALUE=DATE:20261224")


def test_titles_are_kept_as_a_store_can_keep_them() -> None:
    found = read_days_off(
        file(
            f"DTSTART;VALUE=DATE:20260101|SUMMARY:{'x' * 300}",
            "DTSTART;VALUE=DATE:20260102|SUMMARY:Fron\\, leich\\nnam",
            "DTSTART;VALUE=DATE:20260103",
        ),
        TODAY,
    )
    assert [rule.name for rule in found.rules] == ["x" * 200, "Fron, leich nam", "untitled"]


def test_what_is_written_reads_back_as_the_days_off() -> None:
    calendar = Calendar.parse(
        {
            "holidays": [{"country": "DE"}],
            "rules": [{"name": "plant closed; inventory, all day", "date": "2026-07-01"}],
            "overrides": [{"date": "2026-05-01", "working": True}, {"date": "2026-05-04", "working": False}],
        }
    )
    worked = WorkingDays.of(["plant"], {"plant": calendar})
    asked = [worked.explain(date(2026, 1, 1) + timedelta(days=distance)) for distance in range(365)]
    text = write_days_off("plant", asked, 1_780_000_000 * SECOND + 123)
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    found = {rule.day: rule.name for rule in read_days_off(text, TODAY).rules}
    off = [one.day for one in asked if not one.working]
    assert [one for one in off if one.weekday() < 5] == [one for one in found if one.weekday() < 5]
    assert found[date(2026, 7, 1)] == "plant closed; inventory, all day"
    assert found[date(2026, 5, 4)] == "not worked"
    assert found[date(2026, 10, 3)] == "German Unity Day (DE)"  # a Saturday
    assert date(2026, 5, 1) not in found
    assert date(2026, 5, 2) not in found  # a Saturday like any other
