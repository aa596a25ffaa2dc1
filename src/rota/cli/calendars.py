"""`rota calendars`: which days are worked."""

from collections.abc import Callable
from datetime import date
from typing import Any

import click

from rota.cli import calendar_changes
from rota.cli.call import Call, asks, limited
from rota.cli.output import Cell, Column, Document, fields, say, table, write
from rota.cli.reading import DateType
from rota.cli.wording import moment, text
from rota.domain.weekday import NAMES

_NONE = "none"
_SHORT_RANGE = 30
_LONG_RANGE = 364


def _range_options(length: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def give(command: Callable[..., Any]) -> Callable[..., Any]:
        command = click.option("--to", type=DateType(), help=f"The last day; {length} days later if left out.")(command)
        return click.option("--from", "start", type=DateType(), help="The first day; today if left out.")(command)

    return give


@click.group()
def calendars() -> None:
    """Which days are worked: holidays, weekends and what was decided by hand.

    \b
    Example: rota calendars create plant --country DE-BY
    """


@calendars.command("list")
@limited
@asks
def list_calendars(call: Call, limit: int) -> None:
    """List calendars.

    \b
    Example: rota calendars list
    """
    columns = (
        Column("NAME", text("name"), flexible=True),
        Column("HOLIDAYS", lambda one: _sources(one) or "-", flexible=True),
        Column("WEEKEND", lambda one: _weekend(one) or "-"),
        Column("RULES", lambda one: str(len(one.get("rules") or ()))),
        Column("OVERRIDES", lambda one: str(len(one.get("overrides") or ()))),
        Column("PARENTS", lambda one: ", ".join(one.get("parents") or ()) or "-", flexible=True),
    )
    empty = "no calendars; try: rota calendars create NAME --country DE"
    call.listing("calendars", {}, limit, lambda found: table(columns, found, empty=empty))


@calendars.command()
@click.argument("name")
@asks
def show(call: Call, name: str) -> None:
    """Show one calendar: what it is made of, and what goes by it.

    \b
    Example: rota calendars show plant
    """
    document = call.client.get("calendars", name)
    usage = call.client.get("calendars", name, "usage")
    call.show(document | {"usage": usage}, lambda: _show(document, usage))


@calendars.command()
@click.argument("name")
@_range_options(_SHORT_RANGE)
@click.option("--off", is_flag=True, help="Only days off, without plain weekends.")
@asks
def days(call: Call, name: str, start: str | None, to: str | None, off: bool) -> None:
    """Say of each day whether it is worked, and why not.

    \b
    Example: rota calendars days plant --from 2026-12-20 --to 2027-01-06
    """
    document = call.client.get("calendars", name, "days", query=_range(start, to, _SHORT_RANGE))
    if off:
        document["items"] = [day for day in document.get("items") or () if _is_day_off(day)]
    call.show(document, lambda: _days(document))


@calendars.command("export")
@click.argument("name")
@_range_options(_LONG_RANGE)
@asks
def export_days(call: Call, name: str, start: str | None, to: str | None) -> None:
    """Write the days off as an iCalendar file to stdout.

    \b
    Example: rota calendars export plant --from 2026-01-01 > plant.ics
    """
    content = call.client.text("calendars", name, "days.ics", query=_range(start, to, _LONG_RANGE))
    call.show({"file": content}, lambda: click.echo(content, nl=False))


for command in calendar_changes.COMMANDS:
    calendars.add_command(command)


def _range(start: str | None, to: str | None, length: int) -> Document:
    first = date.fromisoformat(start) if start else date.today()  # noqa: DTZ011
    last = min(first.toordinal() + length, date.max.toordinal())
    return {"from": first.isoformat(), "to": to or date.fromordinal(last).isoformat()}


def _sources(calendar: Document) -> str:
    return ", ".join(
        "-".join(code for code in (one.get("country") or one.get("market"), one.get("subdivision")) if code)
        for one in calendar.get("holidays") or ()
    )


def _weekend(calendar: Document) -> str | None:
    weekend = calendar.get("weekend")
    return None if weekend is None else ", ".join(weekend) or _NONE


def _show(calendar: Document, usage: Document) -> None:
    schedules = usage.get("items") or ()
    fields(
        (
            ("name", calendar.get("name")),
            ("description", calendar.get("description")),
            ("holidays", _sources(calendar) or None),
            ("weekend", _weekend(calendar)),
            ("parents", ", ".join(calendar.get("parents") or ()) or None),
            ("version", text("version")(calendar)),
            ("changed by", calendar.get("changedBy")),
            ("changed", moment(calendar.get("updatedAt"))),
            ("parent of", ", ".join(usage.get("calendars") or ()) or None),
            ("schedules", ", ".join(_schedule(one) for one in schedules) or None),
        )
    )
    if rules := calendar.get("rules"):
        write()
        table((Column("RULE", text("name"), flexible=True), Column("WHEN", _when)), rules, empty="")
    if overrides := calendar.get("overrides"):
        write()
        columns = (
            Column("OVERRIDE", text("date")),
            Column("STATE", _worked),
            Column("REASON", text("reason"), flexible=True),
            Column("BY", text("by")),
        )
        table(columns, overrides, empty="")


def _schedule(schedule: Document) -> str:
    name = schedule.get("name")
    return f"{schedule.get('id')} of {schedule.get('jobName')}" + (f" ({name})" if name else "")


def _when(rule: Document) -> str:
    yearly, nth = rule.get("yearly"), rule.get("nthWeekday")
    if yearly:
        return f"every {yearly['month']:02}-{yearly['day']:02}"
    if nth:
        return f"{nth['weekday']} number {nth['nth']} of month {nth['month']}"
    if "easter" in rule:
        return f"Easter {rule['easter']:+} days"
    return str(rule.get("date"))


def _is_day_off(day: Document) -> bool:
    return not day.get("working") and any(reason.get("kind") != "weekend" for reason in day.get("reasons") or ())


def _days(document: Document) -> None:
    columns = (
        Column("DATE", text("date")),
        Column("DAY", lambda day: NAMES[date.fromisoformat(day["date"]).weekday()]),
        Column("STATE", _worked),
        Column("WHY", _why, flexible=True),
    )
    table(columns, document.get("items") or (), empty="no such days")
    if document.get("data"):
        say(f"holidays from: {document['data']}")


def _worked(day: Document) -> Cell:
    return Cell("worked", "green") if day.get("working") else Cell("off", "yellow")


def _why(day: Document) -> str:
    counting = [reason for reason in day.get("reasons") or () if not reason.get("overridden")]
    said = [f"{one['name']}, {one['by']}" if one.get("by") else str(one["name"]) for one in counting]
    return "; ".join(dict.fromkeys(said))
