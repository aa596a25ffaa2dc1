"""`rota calendars create | update | delete | override | import`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rota.cli.call import Call, asks, confirm, confirmed
from rota.cli.output import Document, say, write
from rota.cli.reading import DateType, file_option, from_file, given
from rota.cli.wording import moment

_WRITABLE = ("weekend", "holidays", "rules", "overrides", "parents", "description")
_NONE = "none"


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


def _dry_run(command: Callable[..., Any]) -> Callable[..., Any]:
    says = "Say how the runs of schedules would move; save nothing."
    return click.option("--dry-run", is_flag=True, help=says)(command)


@click.command()
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


@click.command()
@click.argument("name")
@_definition_options
@_dry_run
@asks
def update(call: Call, name: str, file: str | None, dry_run: bool, **options: Any) -> None:
    """Change a calendar: a file replaces all, flags change what they name.

    \b
    Example: rota calendars update plant --country DE-BY --market XETR
    """
    changes = _definition(options)
    if file is None and not changes:
        raise click.UsageError("nothing to change: give a flag, or -f FILE")
    current = call.client.answer("GET", "calendars", name)
    kept = from_file(file) if file else {key: current.document.get(key) for key in _WRITABLE}
    if dry_run:
        _try(call, (name,), kept | changes)
        return
    document = call.client.put("calendars", name, body=kept | changes, etag=current.etag)
    call.show(document, lambda: _changed(f"updated calendar {name}: version {document.get('version')}", document))


@click.command()
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


@click.command()
@click.argument("name")
@click.argument("day", type=DateType(), metavar="DATE")
@click.option("--working/--off", default=None, help="The day is worked, or it is not.")
@click.option("--remove", is_flag=True, help="Take back what was said of the day.")
@click.option("--reason", metavar="TEXT", help="Why; shown to whoever wonders.")
@_dry_run
@asks
def override(
    call: Call, name: str, day: str, working: bool | None, remove: bool, reason: str | None, dry_run: bool
) -> None:
    """Say of one day that it is worked or not, whatever the holidays say.

    \b
    Example: rota calendars override plant 2026-12-24 --off --reason 'inventory'
    """
    if remove == (working is not None):
        raise click.UsageError("one of --working, --off and --remove")
    if remove and dry_run:
        raise click.UsageError("--dry-run goes with --working or --off")
    if remove:
        document = call.client.delete("calendars", name, "overrides", day)
        call.show(document, lambda: write(f"calendar {name}: {day} is as its rules say"))
        return
    body = given(working=working, reason=reason)
    if dry_run:
        _try(call, (name, "overrides", day), body)
        return
    document = call.client.put("calendars", name, "overrides", day, body=body)
    said = f"calendar {name}: {day} is {'worked' if working else 'not worked'}"
    call.show(document, lambda: _changed(said, document))


@click.command("import")
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


def _try(call: Call, path: tuple[str, ...], body: Document) -> None:
    document = call.client.answer("PUT", "calendars", *path, query={"dryRun": "true"}, body=body).document
    call.show(document, lambda: _effects(document))


def _effects(found: Document) -> None:
    write(f"{found.get('changed')} of {found.get('compared')} schedules would run at other times")
    for one in found.get("items") or ():
        write(f"{one.get('scheduleId')} of {one.get('jobName')}: {one['difference']['summary']}")
    if int(found.get("schedules") or 0) > int(found.get("compared") or 0):
        say(f"compared the newest {found.get('compared')} of {found.get('schedules')}")


def _changed(said: str, calendar: Document) -> None:
    write(said)
    for one in calendar.get("moved") or ():
        was, now = moment(one.get("before")) or "never", moment(one.get("after")) or "never"
        say(f"moved {one.get('scheduleId')} of {one.get('jobName')}: {was} → {now}")


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


def _content(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise click.UsageError(f"cannot read {file}: {error.strerror}") from None


def _imported(name: str, done: Document) -> None:
    counts = (f"{done.get(word)} {word}" for word in ("added", "removed", "unchanged"))
    write(f"calendar {name}: {', '.join(counts)}")
    for skipped in done.get("skipped") or ():
        say(f"skipped {skipped.get('summary')}: {skipped.get('why')}")


COMMANDS = (create, update, delete, override, import_days)
