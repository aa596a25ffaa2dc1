"""Conditions: what may be written, what they see, and what is told where they do not hold."""

import time
from datetime import date

import pytest

from rota.domain.calendar import Calendar
from rota.domain.condition import Condition, Facts, holds
from rota.domain.errors import InvalidInput
from rota.domain.facts import LARGEST_RESULT, Finished, day_facts, facts_at, previous_facts
from rota.domain.instant import HOUR, parse_instant
from rota.domain.planning import upcoming
from rota.domain.schedule import NO_SURROUNDINGS, Schedule, Surroundings
from rota.domain.working_days import WorkingDays

NOW = parse_instant("2026-11-21T12:00:00Z")
WEEK = WorkingDays.of((), {})
DAILY = {"daily": {"at": "06:00"}}


def parse(condition: object, **fields: object) -> Schedule:
    return Schedule.parse({**DAILY, **fields, "condition": condition}, now=NOW, spread="job-1")


def refusal(condition: object) -> tuple[object, str]:
    with pytest.raises(InvalidInput) as refused:
        parse(condition)
    return refused.value.errors[0]


def spain() -> WorkingDays:
    return WorkingDays.of(("ES",), {"ES": Calendar.parse({"holidays": [{"country": "ES"}]})})


def test_the_facts_of_a_day_count_the_working_days_of_its_month() -> None:
    assert day_facts(date(2026, 11, 30), WEEK) == {
        "date": "2026-11-30", "year": 2026, "month": 11, "day": 30, "weekday": "MON", "working": True,
        "holiday": False, "businessDay": 21, "businessDaysLeft": 0, "lastBusinessDay": True, "lastOfMonth": True,
    }  # fmt: skip
    sunday = day_facts(date(2026, 11, 29), WEEK)
    assert (sunday["working"], sunday["businessDay"], sunday["businessDaysLeft"]) == (False, 0, 1)
    assert (sunday["lastBusinessDay"], sunday["lastOfMonth"]) == (False, False)


def test_holidays_are_those_of_the_calendar() -> None:
    christmas = day_facts(date(2026, 12, 25), spain())
    assert (christmas["holiday"], christmas["working"]) == (True, False)
    assert day_facts(date(2026, 12, 25), WEEK)["holiday"] is False


def test_the_day_is_the_local_one_and_the_parameters_are_those_of_the_run() -> None:
    schedule = parse("true", timeZone="Asia/Tokyo", parameters={"b": 3})
    seen = facts_at(
        schedule,
        parse_instant("2026-11-21T21:00:00Z"),
        NO_SURROUNDINGS,
        environment="DEV",
        job_parameters={"a": 1, "b": 2},
    )
    assert (seen.day["date"], seen.nominal) == ("2026-11-22", "2026-11-21T21:00:00.000Z")
    assert (dict(seen.parameters), seen.environment) == ({"a": 1, "b": 3}, "DEV")


def test_the_last_execution_is_told_with_its_result_unless_that_is_large() -> None:
    last = Finished("Succeeded", NOW - HOUR, '{"rows": 42}')
    assert previous_facts(last, NOW) == {
        "state": "Succeeded", "result": {"rows": 42}, "error": "", "ageSeconds": 3600,
    }  # fmt: skip
    large = Finished("Failed", NOW + HOUR, f'"{"x" * LARGEST_RESULT}"', "no")
    assert previous_facts(large, NOW) == {"state": "Failed", "result": None, "error": "no", "ageSeconds": 0}
    assert previous_facts(None, NOW) == {"state": "", "result": None, "error": "", "ageSeconds": -1}


@pytest.mark.parametrize(
    ("expression", "fires", "why"),
    [
        ('day.weekday == "MON"', True, ""),
        ("day.working // so far", True, ""),
        ("!day.working", False, "!day.working is false: day = {'weekday': 'MON', 'working': True}"),
        ("1 == 2", False, "1 == 2 is false: "),
        ("day.nothing", False, "day.nothing is neither true nor false: 'nothing'"),
        ("1 / 0 > 1", False, "1 / 0 > 1 is neither true nor false: division by zero in CEL expression"),
    ],
)
def test_what_does_not_hold_is_told_with_what_was_seen(expression: str, fires: bool, why: str) -> None:
    seen = Facts("2026-11-23T06:00:00.000Z", "DEV", day={"weekday": "MON", "working": True})
    assert holds(Condition(expression), seen) == (fires, why)


@pytest.mark.parametrize("expression", ["1", '"true"', "null", "day", "parameters.map(p, p)"])
def test_what_is_neither_true_nor_false_fires_nothing(expression: str) -> None:
    fires, why = holds(Condition(expression), Facts("", "DEV", parameters={"a": 1}))
    assert not fires
    assert why.startswith(f"{expression} is neither true nor false: ")


@pytest.mark.parametrize(
    ("condition", "location", "message"),
    [
        ("day.working ==", ("condition",), "no expression: "),
        ("true) || (true", ("condition",), "no expression: "),
        ("days.working", ("condition",), "it does not know 'days'; there are day, environment, nominal, "),
        ("[1].exists(a, [1].exists(b, a == b))", ("condition",), "a macro such as exists or map may not hold another"),
        ('[1].all(a, r"\\" != "(" && [1] . map (b, b) != [])', ("condition",), "a macro such as exists or map may"),
        ("[1].all(a, // '\n[1].map(b, b) != [])", ("condition",), "a macro such as exists or map may not hold"),
        ("[1].all(a, '\\'' != ')' && [1].exists_one(b, true))", ("condition",), "a macro such as exists or map may"),
        ({"expression": "probe.ok", "probe": {"url": "ftp://x"}}, ("condition", "probe", "url"), "an http or https"),
        ({"expression": "true", "probe": {"url": "http://x", "timeout": "31s"}}, ("condition", "probe", "timeout"),
         "more than 0 and at most 30 s"),
        ({"probe": {"url": "http://x"}}, ("condition", "expression"), "required"),
        ("x" * 2001, ("condition",), "a text of 1 to 2000 characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_where_it_stands(condition: object, location: object, message: str) -> None:
    found, said = refusal(condition)
    assert (found, said[: len(message)]) == (location, message)


@pytest.mark.parametrize(
    "expression",
    [
        "[1].exists(a, a == 1) && [2].all(b, b == 2)",
        "[1].filter(a, a > 0).map(b, b).size() == 1",
        "[1].exists(a, 'x.map(' != \"\")",
        '[1].exists(a, r"\\" == "") || [2].exists(b, b == 2)',
    ],
)
def test_macros_side_by_side_are_taken(expression: str) -> None:
    schedule = parse(expression)
    assert Schedule.from_document(schedule.document()) == schedule
    assert holds(Condition(expression), Facts("", "DEV"))[1] in ("", f"{expression} is false: ")


def test_the_longest_expression_is_judged_at_once() -> None:
    seen = Facts("", "DEV", probe={"body": list(range(30_000))})
    expression = " && ".join(["probe.body.all(x, x >= 0)"] * 60)
    began = time.thread_time()
    assert holds(Condition(expression), seen) == (True, "")
    assert time.thread_time() - began < 5


def test_a_preview_judges_what_is_known_ahead_and_notes_the_rest() -> None:
    judged = upcoming(parse("day.lastBusinessDay"), NOW, count=2)
    assert [fire.local_text[:10] for fire in judged.items] == ["2026-11-30", "2026-12-31"]
    assert {skipped.reason for skipped in judged.skipped} == {"skippedCondition"}
    assert judged.skipped[0].says.startswith("day.lastBusinessDay is false: day = ")
    noted = upcoming(parse('day.working && previous.state != "Failed"'), NOW, count=2)
    assert [(fire.local_text[:10], fire.notes) for fire in noted.items] == [
        ("2026-11-22", ("condition",)),
        ("2026-11-23", ("condition",)),
    ]
    around = Surroundings(days=spain())
    holiday = upcoming(
        parse("!day.holiday", calendar="ES"), parse_instant("2026-12-24T12:00:00Z"), count=1, around=around
    )
    assert [skipped.reason for skipped in holiday.skipped] == ["skippedCalendar"] * 3


def test_a_preview_of_what_never_holds_ends() -> None:
    never = upcoming(parse("day.year == 1"), NOW)
    assert (never.items, len(never.skipped)) == ([], 1000)


def test_a_preview_knows_its_environment() -> None:
    schedule = parse('environment == "PROD"')
    assert len(upcoming(schedule, NOW, count=2, environment="PROD").items) == 2
    assert upcoming(schedule, NOW, count=2, environment="DEV").items == []
