"""`rota jobs`: see jobs and switch them. What changes or runs them is in `job_changes` and `job_runs`."""

import click

from rota.cli import executions, job_changes, job_runs
from rota.cli.call import Call, asks, limited
from rota.cli.output import Cell, Column, Document, fields, table, write
from rota.cli.reading import TimeType, given
from rota.cli.wording import compact, duration, id_of, identifier, moment, relative, state, state_of, text, when

JOB_STATES = ("Enabled", "Disabled", "Paused")


@click.group()
def jobs() -> None:
    """What to run. JOB is an id, a piece of one (8 characters or more), or a name.

    \b
    Example: rota jobs create --name report --type reports.daily --every 1h
    """


@jobs.command("list")
@click.option("--state", type=click.Choice(JOB_STATES, case_sensitive=False), help="Only these.")
@click.option("--q", metavar="TEXT", help="Only those whose name holds the text.")
@limited
@asks
def list_jobs(call: Call, state: str | None, q: str | None, limit: int) -> None:
    """List jobs.

    \b
    Example: rota jobs list --state Paused
    """
    columns = (
        Column("ID", id_of()),
        Column("NAME", text("name"), flexible=True),
        Column("STATE", state_of),
        Column("TYPE", text("jobType"), flexible=True),
        Column("NEXT", when("nextAt")),
        Column("LAST", _last_state),
    )
    empty = "no jobs; try: rota jobs create --name hello --type echo"
    call.listing("jobs", {"state": state, "q": q}, limit, lambda found: table(columns, found, empty=empty))


@jobs.command()
@click.argument("job")
@asks
def show(call: Call, job: str) -> None:
    """Show one job.

    \b
    Example: rota jobs show report
    """
    from rota.client.lookup import job_id

    document = call.client.get("jobs", job_id(call.client, job))
    call.show(document, lambda: _show(document))


@jobs.command()
@click.argument("job")
@asks
def enable(call: Call, job: str) -> None:
    """Let a job start again.

    \b
    Example: rota jobs enable report
    """
    _switch(call, job, "enable", {})


@jobs.command()
@click.argument("job")
@click.option("--note", metavar="TEXT", help="Why; shown to whoever wonders.")
@asks
def disable(call: Call, job: str, note: str | None) -> None:
    """Let nobody start a job, neither schedules nor people.

    \b
    Example: rota jobs disable report
    """
    _switch(call, job, "disable", given(note=note))


@jobs.command()
@click.argument("job")
@click.option("--note", metavar="TEXT", help="Why; shown to whoever wonders.")
@click.option("--until", type=TimeType(), metavar="TIME", help="When the pause ends by itself.")
@asks
def pause(call: Call, job: str, note: str | None, until: str | None) -> None:
    """Hold a job's schedules until it is resumed.

    \b
    Example: rota jobs pause report --note 'source is down'
    """
    _switch(call, job, "pause", given(note=note, until=until))


@jobs.command()
@click.argument("job")
@asks
def resume(call: Call, job: str) -> None:
    """End a pause.

    \b
    Example: rota jobs resume report
    """
    _switch(call, job, "resume", {})


@jobs.command()
@click.argument("job")
@asks
def versions(call: Call, job: str) -> None:
    """List the versions of a job, newest first.

    \b
    Example: rota jobs versions report
    """
    from rota.client.lookup import job_id

    found = list(call.client.items("jobs", job_id(call.client, job), "versions"))
    columns = (
        Column("VERSION", text("version")),
        Column("SAVED", when("changedAt")),
        Column("BY", text("changedBy"), flexible=True),
    )
    call.show(found, lambda: table(columns, found, empty="no versions"))


@jobs.command("next")
@click.argument("job")
@click.option("--count", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many.")
@asks
def next_runs(call: Call, job: str, count: int) -> None:
    """List the coming times of a job.

    \b
    Example: rota jobs next report --count 10
    """
    from rota.client.lookup import job_id

    answer = call.client.get("jobs", job_id(call.client, job), "next", query={"count": count})
    found = answer.get("items", [])
    columns = (
        Column("AT", text("at")),
        Column("LOCAL", text("local")),
        Column("", when("at")),
        Column("NOTES", lambda item: ", ".join(item.get("notes") or ()), flexible=True),
    )
    call.show(found, lambda: table(columns, found, empty="it has no coming times; start it with: rota jobs trigger"))


for command in (*job_changes.COMMANDS, *job_runs.COMMANDS):
    jobs.add_command(command)


def _switch(call: Call, job: str, verb: str, body: Document) -> None:
    from rota.client.lookup import job_id

    document = call.client.post("jobs", job_id(call.client, job), verb, body=body)
    call.show(document, lambda: write(f"{document.get('name', job)} is {document.get('state', verb)}"))


def _last_state(job: Document) -> Cell | str:
    last = job.get("lastExecution")
    return state(str(last.get("state", "-"))) if isinstance(last, dict) else "-"


def _show(job: Document) -> None:
    if "jobType" not in job and "attempt" in job:
        executions.describe(job)  # the id of a submission names its one execution
        return
    fields(
        (
            ("name", job.get("name")),
            ("id", job.get("id")),
            ("state", state_of(job)),
            ("note", job.get("note")),
            ("until", moment(job.get("pausedUntil"))),
            ("description", job.get("description")),
            ("type", job.get("jobType")),
            ("parameters", compact(job.get("parameters") or None)),
            ("queue", f"{job.get('queue')}, priority {job.get('priority', 0)}"),
            ("timeout", duration(job.get("timeoutSeconds"))),
            ("retries", f"{job.get('retryCount')}, {job.get('retryStrategy')}"),
            ("at most", _at_most(job)),
            ("owner", job.get("ownerName")),
            ("team", job.get("teamName")),
            ("tags", ", ".join(job.get("tags") or ()) or None),
            ("version", text("version")(job)),
            *(("schedule", _schedule(schedule)) for schedule in job.get("schedules") or ()),
            ("next", moment(job.get("nextAt"))),
            ("last", _last(job.get("lastExecution") or {})),
        )
    )


def _schedule(schedule: Document) -> str:
    return f"{schedule.get('describe')}, next {relative(schedule.get('nextAt'))}  {identifier(schedule.get('id'))}"


def _last(execution: Document) -> str | None:
    if not execution:
        return None
    return f"{execution.get('state')} {relative(execution.get('finishedAt'))}  {identifier(execution.get('id'))}"


def _at_most(job: Document) -> str | None:
    """Its limits in words."""
    limits = []
    if (most := job.get("maxConcurrentExecutions")) is not None:
        limits.append(f"{most} at a time")
    if (key := job.get("concurrencyKey")) is not None:
        limits.append(f"{job.get('maxConcurrentPerKey')} at a time with the same {key}")
    if (rate := job.get("rateLimit")) is not None:
        limits.append(f"{rate} started")
    return ", ".join(limits) or None
