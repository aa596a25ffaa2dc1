"""Conditions: what may be written, what they see, and what is told where they do not hold."""

import subprocess
import sys
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
        ("[1].exists(a, [1].exists(b, a == b))", ("condition",), "at most one macro such as "),
        ('[1].all(a, r"\\" != "(" && [1] . map (b, b) != [])', ("condition",), "at most one macro such as "),
        ("[1].all(a, // '\n[1].map(b, b) != [])", ("condition",), "at most one macro such as "),
        ("[1].all(a, '\\'' != ')' && [1].exists_one(b, true))", ("condition",), "at most one macro such as "),
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
        "[1].exists(a, 'x.map(' != \"\" && '+' != '')",
        '[1].exists(a, r"\\" != "") && "].exists(b, b == 2)" != ""',
        "[1].filter(a, a > 0).size() == 1 // as [2].map(b, b)",
        "1 + 2 + 3 == 6",
        'nominal.matches("^[0-9]{4}-[0-9]{2}") && !environment.matches(r"\\x41{99}")',
    ],
)
def test_what_only_looks_costly_is_taken(expression: str) -> None:
    schedule = parse(expression)
    assert Schedule.from_document(schedule.document()) == schedule
    assert holds(Condition(expression), Facts("2026-11-21", "DEV")) == (True, "")


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("[1].exists(a, a == 1) && [2].all(b, b == 2)", "at most one macro such as exists"),
        ("['a'].map(x, x + x) == []", "no + beside a macro"),
        ("1" + " + 1" * 17 + " == 0", "at most 16 of +"),
        ('["a"].exists(x, x.matches("a"))', "no matches beside a macro"),
        (" && ".join(['"a".matches("a")'] * 5), "at most 4 of matches"),
        ("nominal.matches(environment)", "the pattern of matches is written out"),
        ('matches(nominal, "a")', "the pattern of matches is written out"),
        (f'nominal.matches("{"a" * 99}")', "a pattern of at most 100 characters"),
        ('nominal.matches("(a{20}){0,20}")', "a pattern that repeats at most 100 times"),
        (r'nominal.matches("a\x7b9999}")', "a pattern with "),
    ],
)
def test_what_costs_too_much_whatever_it_sees_is_refused(expression: str, told: str) -> None:
    found, said = refusal(expression)
    assert (found, said[: len(told)]) == (("condition",), told)


def test_what_costs_too_much_with_what_it_sees_fires_nothing() -> None:
    seen = Facts("", "DEV", probe={"body": list(range(30_000))})
    fires, why = holds(Condition("probe.body.exists(x, x == 1)"), seen)
    assert (fires, why) == (
        False,
        "probe.body.exists(x, x == 1) is too much to evaluate: "
        "exists would go over too much: what the expression names holds 30003 values",
    )
    few = Facts("", "DEV", probe={"body": list(range(1000))})
    assert holds(Condition("probe.body.exists(x, x == 1)"), few) == (True, "")
    assert holds(Condition("probe.body.filter(x, x < 9).size() == 9"), few) == (True, "")


JUDGING = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
from rota.domain.condition import Facts, holds
from rota.domain.errors import InvalidInput
from rota.domain.schedule import Schedule
document = {"daily": {"at": "06:00"}, "timeZone": "UTC", "condition": sys.stdin.read()}
many = {"n": [1] * 32_000, "m": {str(n): n for n in range(6000)}, "e": [{} for _ in range(21_000)]}
seen = Facts("", "DEV", parameters={"n": [1] * 32_000, "s": "ab" * 32_000, "t": "a\u00e9" * 32_000}, probe={"body": many})
few = Facts("", "DEV", parameters={"n": list(range(1000)), "f": list(range(240))})
try:
    condition = Schedule.parse(document, now=0, spread="x").condition
except InvalidInput:
    print("refused")
else:
    print([holds(condition, facts)[0] for facts in (seen, few)])
"""
N, M, E, S = "parameters.n", "probe.body.m", "probe.body.e", "parameters.s"


@pytest.mark.parametrize(
    "expression",
    [
        "['a']" + ".map(x,x+x)" * 40 + " == []",
        "['a']" + ".map(x,x+x)" * 170 + " == []",
        "['a']" + ".map(x,[x,x])" * 40 + " == []",
        "".join(f"[1,2,3,4].//\nall(x{n}, " for n in range(20)) + "true" + ")" * 20,
        "[1]. // \"\nmap(x, [1]. // \"\nmap(y, y)) == []",
        f"{N}.map(x, x) == []",
        f"{N}.map(x, {N}) == []",
        "parameters.f.map(x, parameters.f) == []",
        f"{N}.filter(x, x > 0) == []",
        f"{N}.existsOne(x, {N} == {N})",
        f"{M}.all(x, " + " && ".join([f"{M} == {M}"] * 40) + ")",
        f"{N}.all(x, " + " && ".join([f"{N} == {N}"] * 40) + ")",
        "+".join([N] * 140) + " == []",
        "+".join([S] * 140) + ' == ""',
        "[" + ",".join(["probe"] * 200) + "] == [" + ",".join(["probe"] * 130) + "]",
        "[" + ",".join([E] * 80) + "] == [" + ",".join([E] * 80) + "]",
        "[" + ",".join(["1"] * 600) + f"].all(x, {N} == {N} && {N} == {N})",
        r'!parameters.t.matches("(?:[^!]{0,900}é[^!]{0,900}){3}!\\b")',
        " || ".join([r'parameters.t.matches("(?:.*é.{0,99}){1}!$")'] * 4),
        " || ".join([r'parameters.t.matches("\\w{0,50}\\w{0,2}!$")'] * 4),
        S + r'.matches("(a|b)*a(a|b){5000}!")',
        S + '.matches("(a*)*(a*)*(a*)*c")',
        'parameters.n.all(x, "a".matches(r"\\w{99}"))',
        "!" * 1990 + "true",
        "(" * 900 + "true" + ")" * 900,
        "[" * 900 + "]" * 900 + " == []",
        "true?" * 200 + "true" + ":true" * 200,
    ],
)  # fmt: skip
def test_no_expression_brings_a_process_down_or_keeps_it(expression: str) -> None:
    judged = subprocess.run([sys.executable, "-c", JUDGING], input=expression, capture_output=True, text=True)
    assert judged.returncode == 0, judged.stderr[-500:]
    assert judged.stdout.strip() in ("refused", "[False, False]", "[True, True]", "[False, True]", "[True, False]")


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
