"""`rota schedules`: when jobs become due."""

from typing import Any

import click

from rota.cli import accounts, backfills, schedule_exceptions
from rota.cli.call import Call, asks, confirm, confirmed, limited
from rota.cli.difference import difference
from rota.cli.output import Column, Document, fields, say, table, write
from rota.cli.reading import AgoType, TimeType, file_option, from_file, given
from rota.cli.rule_options import rule_options, take_schedule
from rota.cli.wording import id_of, identifier, moment, state_of, text, when


@click.group()
def schedules() -> None:
    """When jobs become due. ID is an id, or a piece of one (8 characters or more).

    \b
    Example: rota schedules preview --cron '0 6 * * MON-FRI' --tz Europe/Madrid
    """


@schedules.command("list")
@click.option("--job", metavar="JOB", help="Only of this job.")
@click.option("--state", type=click.Choice(("Enabled", "Paused", "Ended"), case_sensitive=False), help="Only these.")
@limited
@asks
def list_schedules(call: Call, job: str | None, state: str | None, limit: int) -> None:
    """List schedules.

    \b
    Example: rota schedules list --job report
    """
    from rota.client.lookup import job_id

    query = {"jobId": None if job is None else job_id(call.client, job), "state": state}
    columns = (
        Column("ID", id_of()),
        Column("JOB", _job, flexible=True),
        Column("STATE", state_of),
        Column("RULE", text("describe"), flexible=True),
        Column("NEXT", when("nextAt")),
        Column("LAST", when("lastAt")),
    )
    empty = "no schedules; try: rota schedules create --job NAME --daily-at 06:00"
    call.listing("schedules", query, limit, lambda found: table(columns, found, empty=empty))


@schedules.command()
@click.argument("id")
@asks
def show(call: Call, id: str) -> None:
    """Show one schedule.

    \b
    Example: rota schedules show 0f1e2d3c4b5a
    """
    document = call.client.get("schedules", _id(call, id))
    call.show(document, lambda: _show(document))


@schedules.command()
@click.option("--job", metavar="JOB", required=True, help="What becomes due.")
@rule_options
@click.option("--name", metavar="TEXT", help="Its name.")
@click.option("--key", metavar="KEY", help="Its key within the job.")
@click.option("--missed", metavar="POLICY", help="runLatest, runEarliest, runAll or skip.")
@click.option("--overlap", metavar="POLICY", help="skip, queueOne, queueAll, cancelPrevious, killPrevious or allow.")
@click.option("--idempotency-key", metavar="KEY", help="The same key again creates nothing new.")
@file_option("The schedule")
@asks
def create(call: Call, job: str, file: str | None, idempotency_key: str | None, **options: Any) -> None:
    """Create a schedule from flags, or from a file that flags override.

    \b
    Example: rota schedules create --job report --cron '0 6 * * MON-FRI'
    """
    from rota.client.lookup import job_id

    schedule = (from_file(file) if file else {}) | (take_schedule(options) or {}) | given(**options)
    if not schedule:
        raise click.UsageError("a schedule needs a rule such as --cron, or -f FILE")
    body = {"jobId": job_id(call.client, job), **schedule}
    document = call.client.post("schedules", body=body, idempotency_key=idempotency_key)
    call.show(document, lambda: _saved("created", document))


@schedules.command()
@click.argument("id")
@rule_options
@click.option("--dry-run", is_flag=True, help="Say which runs would go, move and come; save nothing.")
@file_option("The schedule")
@asks
def update(call: Call, id: str, file: str | None, dry_run: bool, **options: Any) -> None:
    """Give a schedule another rule; its policies stay unless a file replaces all.

    \b
    Example: rota schedules update 0f1e2d3c4b5a --every 30m --dry-run
    """
    rule = take_schedule(options)
    if rule is None and file is None:
        raise click.UsageError("nothing to change: give a rule such as --cron, or -f FILE")
    found = _id(call, id)
    current = call.client.answer("GET", "schedules", found)
    base = from_file(file) if file else _policies(current.document.get("rule") or {})
    body = base | (rule or {})
    if dry_run:
        document = call.client.answer("PUT", "schedules", found, query={"dryRun": "true"}, body=body).document
        call.show(document, lambda: difference(document))
        return
    document = call.client.put("schedules", found, body=body, etag=current.etag)
    call.show(document, lambda: _updated(document))


@schedules.command()
@click.argument("id")
@confirmed
@asks
def delete(call: Call, id: str, yes: bool) -> None:
    """Delete a schedule. The job stays.

    \b
    Example: rota schedules delete 0f1e2d3c4b5a --yes
    """
    found = _id(call, id)
    confirm(f"delete schedule {found}?", yes)
    document = call.client.delete("schedules", found)
    call.show(document, lambda: write(f"deleted schedule {found}"))


@schedules.command()
@click.argument("id")
@click.option("--note", metavar="TEXT", help="Why; shown to whoever wonders.")
@asks
def pause(call: Call, id: str, note: str | None) -> None:
    """Hold a schedule until it is resumed.

    \b
    Example: rota schedules pause 0f1e2d3c4b5a --note 'migration'
    """
    document = call.client.post("schedules", _id(call, id), "pause", body=given(note=note))
    call.show(document, lambda: _saved("paused", document))


@schedules.command()
@click.argument("id")
@asks
def resume(call: Call, id: str) -> None:
    """End a pause.

    \b
    Example: rota schedules resume 0f1e2d3c4b5a
    """
    document = call.client.post("schedules", _id(call, id), "resume", body={})
    call.show(document, lambda: _saved("resumed", document))


@schedules.command()
@rule_options
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@click.option("--from", "start", type=TimeType(), metavar="TIME", help="After this time; now if left out.")
@file_option("The schedule")
@asks
def preview(call: Call, file: str | None, count: int, start: str | None, **options: Any) -> None:
    """Say when a schedule would fire, without saving it.

    \b
    Example: rota schedules preview --daily-at 06:00 --tz Europe/Madrid
    """
    schedule = (from_file(file) if file else {}) | (take_schedule(options) or {})
    if not schedule:
        raise click.UsageError("give a rule such as --cron, or -f FILE")
    body = {"schedule": schedule, "count": count, **given(**{"from": start})}
    document = call.client.post("schedules", "preview", body=body)
    call.show(document, lambda: _preview(document))


@schedules.command()
@click.argument("id")
@click.option("--decision", metavar="WORD", help="Only these: fired, missed, skippedOverlap …")
@click.option("--from", "start", type=AgoType(), metavar="TIME", help="Since when: a time, or 24h for a day ago.")
@click.option("--to", "end", type=AgoType(), metavar="TIME", help="Up to when.")
@limited
@asks
def occurrences(call: Call, id: str, decision: str | None, start: str | None, end: str | None, limit: int) -> None:
    """List what was decided about each instant, newest first.

    \b
    Example: rota schedules occurrences 0f1e2d3c4b5a
    """
    columns = (
        Column("NOMINAL", text("nominalAt")),
        Column("DECISION", text("decision")),
        Column("REASON", text("reason"), flexible=True),
        Column("EXECUTION", id_of("executionId")),
    )
    empty = "no instant has been decided yet"
    query = {"decision": decision, "from": start, "to": end}
    noun = f"schedules/{_id(call, id)}/occurrences"
    call.listing(noun, query, limit, lambda found: table(columns, found, empty=empty))


for command in (*schedule_exceptions.COMMANDS, *backfills.COMMANDS, *accounts.COMMANDS):
    schedules.add_command(command)


def _id(call: Call, text: str) -> str:
    from rota.client.lookup import object_id

    return object_id(call.client, "schedules", "schedule", text)


def _job(schedule: Document) -> str:
    return str(schedule.get("jobName") or identifier(schedule.get("jobId")))


def _policies(rule: Document) -> Document:
    """A schedule without its rule."""
    rules = ("cron", "every", "anchor", "daily", "weekly", "monthly", "yearly", "once", "after", "rrule")
    return {name: value for name, value in rule.items() if name not in rules}


def _saved(verb: str, schedule: Document) -> None:
    write(f"{verb} schedule {schedule.get('id')}: {schedule.get('describe', '-')}")
    if upcoming := moment(schedule.get("nextAt")):
        say(f"next: {upcoming}")


def _updated(schedule: Document) -> None:
    _saved("updated", schedule)
    if done := schedule.get("difference"):
        write(str(done.get("summary")))


def _show(schedule: Document) -> None:
    fields(
        (
            ("id", schedule.get("id")),
            ("job", f"{_job(schedule)}  {schedule.get('jobId') or ''}".rstrip()),
            ("name", schedule.get("name")),
            ("key", schedule.get("key")),
            ("state", state_of(schedule)),
            ("note", schedule.get("note")),
            ("rule", schedule.get("describe")),
            ("time zone", schedule.get("timeZone")),
            ("missed", schedule.get("missed")),
            ("overlap", schedule.get("overlap")),
            ("next", moment(schedule.get("nextAt"))),
            ("last", moment(schedule.get("lastAt"))),
            ("runs", None if schedule.get("runs") is None else str(schedule["runs"])),
            ("revision", str(schedule.get("revision", "-"))),
        )
    )


def _preview(document: Document) -> None:
    columns = (
        Column("AT", text("at")),
        Column("LOCAL", text("local")),
        Column("NOTES", lambda item: ", ".join(item.get("notes") or ()), flexible=True),
    )
    table(columns, document.get("items") or (), empty="it never fires from there on")
    for skipped in document.get("skipped") or ():
        say(f"skipped {skipped.get('nominal')}: {skipped.get('says') or skipped.get('reason')}")
