"""The options that make a schedule: one rule, and what goes with it."""

from collections.abc import Callable
from typing import Any

import click

from rota.cli.output import Document
from rota.cli.reading import Command, TimeType, given, number_or_text
from rota.domain.calendar import Roll

_RULES = (
    "cron", "every", "daily_at", "weekly_on", "monthly_on", "yearly_on", "business_day", "rrule", "once", "after",
)  # fmt: skip


def rule_options(command: Command) -> Command:
    """The options that make a schedule; take them with `take_schedule`."""
    options: tuple[Callable[[Any], Any], ...] = (
        click.option("--cron", metavar="EXPR", help="Cron, such as '0 6 * * MON-FRI'."),
        click.option("--every", metavar="DURATION", help="Interval, such as 15m."),
        click.option("--daily-at", metavar="HH:MM", help="Every day at a time."),
        click.option("--weekly-on", metavar="'DAYS HH:MM'", help="Such as 'MON,THU 06:00'."),
        click.option("--monthly-on", metavar="'DAY HH:MM'", help="Such as '1 06:00'; -1 is the last day."),
        click.option("--yearly-on", metavar="'MM-DD HH:MM'", help="Such as '12-24 06:00'."),
        click.option("--business-day", metavar="'N HH:MM'", help="The Nth working day of the month; -1 is the last."),
        click.option("--rrule", metavar="RULE", help="A recurrence rule, such as 'FREQ=WEEKLY;BYDAY=MO;BYHOUR=6'."),
        click.option("--once", metavar="TIME", type=TimeType(), help="Once, at a time with its offset."),
        click.option("--after", metavar="DURATION", help="Once, so long after now."),
        click.option("--tz", metavar="ZONE", help="IANA time zone; UTC if left out."),
        click.option("--calendar", metavar="NAME", multiple=True, help="Only on its working days. Repeatable."),
        click.option(
            "--roll",
            type=click.Choice([roll.value for roll in Roll]),
            help="Where a time on a day off goes; skip if left out.",
        ),
        click.option("--window", metavar="HH:MM-HH:MM", help="Only between these times of day."),
        click.option("--condition", metavar="CEL", help="An expression that has to hold, such as 'day.working'."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def take_schedule(options: Document) -> Document | None:
    """Take what `rule_options` put among the options; None if there was no rule."""
    rules = {name: value for name in _RULES if (value := options.pop(name)) is not None}
    policies = _policies(options)
    if not rules:
        for name in policies:
            option = "--tz" if name == "timeZone" else f"--{name}"
            raise click.UsageError(f"{option} belongs to a rule such as --cron or --daily-at")
        return None
    if len(rules) > 1:
        raise click.UsageError(f"one rule only, not {' and '.join('--' + name.replace('_', '-') for name in rules)}")
    ((name, value),) = rules.items()
    return _rule(name, value) | policies


def _policies(options: Document) -> Document:
    zone, calendar, roll = options.pop("tz"), options.pop("calendar"), options.pop("roll")
    window, condition = options.pop("window"), options.pop("condition")
    names = calendar[0] if len(calendar) == 1 else list(calendar) or None
    return given(timeZone=zone, calendar=names, roll=roll, window=_window(window), condition=condition)


def _window(text: str | None) -> Document | None:
    if text is None:
        return None
    opens, dash, closes = (part.strip() for part in text.partition("-"))
    if not dash or not (opens or closes):
        raise click.UsageError(f"--window {text!r}: write HH:MM-HH:MM")
    return given(**{"from": opens or None, "to": closes or None})


def _rule(name: str, value: str) -> Document:
    if name == "daily_at":
        return {"daily": {"at": value}}
    if name == "rrule":
        return {"rrule": value}
    if name not in ("weekly_on", "monthly_on", "yearly_on", "business_day"):
        return {name: number_or_text(value)}
    head, space, at = value.strip().rpartition(" ")
    option = "--" + name.replace("_", "-")
    if not space:
        raise click.UsageError(f"{option} {value!r}: write a day and a time, see --help")
    try:
        if name == "weekly_on":
            return {"weekly": {"on": [day.strip().upper() for day in head.split(",")], "at": at}}
        if name == "monthly_on":
            return {"monthly": {"day": int(head), "at": at}}
        if name == "business_day":
            return {"monthly": {"nthBusinessDay": int(head), "at": at}}
        month, _, day = head.partition("-")
        return {"yearly": {"month": int(month), "day": int(day), "at": at}}
    except ValueError:
        raise click.UsageError(f"{option} {value!r}: the day is not a number, see --help") from None
