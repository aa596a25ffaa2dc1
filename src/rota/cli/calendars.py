"""`rota calendars`: which days are worked."""

import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from rota.cli.call import Call, asks, confirm, confirmed, limited
from rota.cli.output import Cell, Column, Document, fields, say, table, write
from rota.cli.reading import DateType, file_option, from_file, given
from rota.cli.wording import moment, text

_WRITABLE = ("weekend", "holidays", "rules", "overrides", "parents", "description")
_NONE = "none"
_SHORT_RANGE = 30
_LONG_RANGE = 364


def _definition_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--country", metavar="CODE", multiple=True, help="Such as DE, or DE-BY for a part. Repeatable."),
        click.option("--market", metavar="CODE", multiple=True, help="Such as XNYS. Repeatable."),
        click.option("--weekend", metavar="DAYS", help="Such as SAT,SUN; none if every day is worked."),
        click.option("--parent", metavar="NAME", multiple=True, help="Its days off are days off here. Repeatable."),
        click.option("--description", metavar="TEXT", help="What it is for."),
        file_option("The calendar"),
    )
    for option in reversed(options):
        command = option(command)
    return command


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
@_definition_options
@click.option("--idempotency-key", metavar="KEY", help="The same key again creates nothing new.")
@asks
def create(call: Call, name: str, file: str | None, idempotency_key: str | None, **options: Any) -> None:
    """Create a calendar from flags, or from a file that flags override.

    \b
    Example: rota calendars create plant --country DE-BY --weekend SAT,SUN
    """
    body = (from_file(file) if file else {}) | _definition(options) | {"name": name}
    document = call.client.post("calendars", body=body, idempotency_key=idempotency_key)
    call.show(document, lambda: write(f"created calendar {name}"))


@calendars.command()
@click.argument("name")
@_definition_options
@asks
def update(call: Call, name: str, file: str | None, **options: Any) -> None:
    """Change a calendar: a file replaces all, flags change what they name.

    \b
    Example: rota calendars update plant --country DE-BY --market XETR
    """
    changes = _definition(options)
    if file is None and not changes:
        raise click.UsageError("nothing to change: give a flag, or -f FILE")
    current = call.client.answer("GET", "calendars", name)
    kept = from_file(file) if file else {key: current.document.get(key) for key in _WRITABLE}
    document = call.client.put("calendars", name, body=kept | changes, etag=current.etag)
    call.show(document, lambda: write(f"updated calendar {name}: version {document.get('version')}"))


@calendars.command()
@click.argument("name")
@confirmed
@asks
def delete(call: Call, name: str, yes: bool) -> None:
    """Delete a calendar that no schedule and no other calendar goes by.

    \b
    Example: rota calendars delete plant --yes
    """
    confirm(f"delete calendar {name}?", yes)
    document = call.client.delete("calendars", name)
    call.show(document, lambda: write(f"deleted calendar {name}"))


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


@calendars.command()
@click.argument("name")
@click.argument("day", type=DateType(), metavar="DATE")
@click.option("--working/--off", default=None, help="The day is worked, or it is not.")
@click.option("--remove", is_flag=True, help="Take back what was said of the day.")
@click.option("--reason", metavar="TEXT", help="Why; shown to whoever wonders.")
@asks
def override(call: Call, name: str, day: str, working: bool | None, remove: bool, reason: str | None) -> None:
    """Say of one day that it is worked or not, whatever the holidays say.

    \b
    Example: rota calendars override plant 2026-12-24 --off --reason 'inventory'
    """
    if remove == (working is not None):
        raise click.UsageError("one of --working, --off and --remove")
    if remove:
        document = call.client.delete("calendars", name, "overrides", day)
        call.show(document, lambda: write(f"calendar {name}: {day} is as its rules say"))
        return
    body = given(working=working, reason=reason)
    document = call.client.put("calendars", name, "overrides", day, body=body)
    call.show(document, lambda: write(f"calendar {name}: {day} is {'worked' if working else 'not worked'}"))


@calendars.command("import")
@click.argument("name")
@click.argument("file")
@click.option("--replace", is_flag=True, help="Take single days away that FILE does not hold.")
@asks
def import_days(call: Call, name: str, file: str, replace: bool) -> None:
    """Read days off from an iCalendar file (.ics); - reads stdin.

    \b
    Example: rota calendars import plant closures.ics
    """
    content = _content(file)
    query = {"replace": "true" if replace else None}
    headers = {"Content-Type": "text/calendar"}
    answer = call.client.answer("POST", "calendars", name, "import", query=query, body=content, headers=headers)
    call.show(answer.document, lambda: _imported(name, answer.document))


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


def _definition(options: Document) -> Document:
    sources = [_source("country", code) for code in options["country"]]
    sources += [_source("market", code) for code in options["market"]]
    weekend = options["weekend"]
    if weekend is not None:
        weekend = [] if weekend.lower() == _NONE else [day.strip() for day in weekend.split(",")]
    return given(
        holidays=sources or None,
        weekend=weekend,
        parents=list(options["parent"]) or None,
        description=options["description"],
    )


def _source(kind: str, code: str) -> Document:
    whole, _, part = code.partition("-")
    return given(**{kind: whole, "subdivision": part or None})


def _range(start: str | None, to: str | None, length: int) -> Document:
    first = date.fromisoformat(start) if start else date.today()  # noqa: DTZ011
    return {"from": first.isoformat(), "to": to or (first + timedelta(days=length)).isoformat()}


def _content(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise click.UsageError(f"cannot read {file}: {error.strerror}") from None


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
            Column("", _worked),
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
        Column("", lambda day: date.fromisoformat(day["date"]).strftime("%a")),
        Column("", _worked),
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


def _imported(name: str, done: Document) -> None:
    counts = (f"{done.get(word)} {word}" for word in ("added", "removed", "unchanged"))
    write(f"calendar {name}: {', '.join(counts)}")
    for skipped in done.get("skipped") or ():
        say(f"skipped {skipped.get('summary')}: {skipped.get('why')}")
