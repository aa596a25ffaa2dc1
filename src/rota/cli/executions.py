"""`rota executions`: what ran, what runs, what waits."""

import click

from rota.cli import execution_logs
from rota.cli.call import Call, asks, limited
from rota.cli.output import Column, Document, fields, say, table, write
from rota.cli.reading import AgoType, SecondsType, given
from rota.cli.wording import compact, id_of, moment, state_of, text, took, when


@click.group()
def executions() -> None:
    """What ran, runs or waits. ID is an id, or a piece of one (8 characters or more).

    \b
    Example: rota executions list --state Failed --since 24h
    """


@executions.command("list")
@click.option("--state", metavar="STATE", help="Pending, Running, Succeeded, Failed …")
@click.option("--job", metavar="JOB", help="Only of this job.")
@click.option("--since", type=AgoType(), metavar="TIME", help="Only from this time on, or so long ago: 24h.")
@limited
@asks
def list_executions(call: Call, state: str | None, job: str | None, since: str | None, limit: int) -> None:
    """List executions, newest first.

    \b
    Example: rota executions list --job report --limit 5
    """
    from rota.client.lookup import job_id

    query = {"state": state, "jobId": None if job is None else job_id(call.client, job), "since": since}
    columns = (
        Column("ID", id_of()),
        Column("NAME", _name, flexible=True),
        Column("STATE", state_of),
        Column("TRIGGER", text("trigger")),
        Column("CREATED", when("createdAt")),
        Column("TOOK", took),
        Column("TRY", lambda execution: f"{execution.get('attempt', 0)}/{execution.get('maxAttempts', '-')}"),
    )
    empty = "no executions; try: rota jobs submit echo -p text=hello"
    call.listing("executions", query, limit, lambda found: table(columns, found, empty=empty))


@executions.command()
@click.argument("id")
@asks
def show(call: Call, id: str) -> None:
    """Show one execution and its attempts.

    \b
    Example: rota executions show 0f1e2d3c4b5a
    """
    from rota.client.lookup import object_id

    document = call.client.get("executions", object_id(call.client, "executions", "execution", id))
    call.show(document, lambda: describe(document))


@executions.command()
@click.argument("id")
@click.option("--reason", metavar="TEXT", help="Why; it stands in the history.")
@click.option("--grace", type=SecondsType(), metavar="DURATION", help="How long it may take to stop by itself.")
@asks
def cancel(call: Call, id: str, reason: str | None, grace: float | None) -> None:
    """Cancel an execution that waits or runs.

    \b
    Example: rota executions cancel 0f1e2d3c4b5a --grace 30s
    """
    from rota.client.lookup import object_id

    found = object_id(call.client, "executions", "execution", id)
    body = given(reason=reason, graceSeconds=grace)
    document = call.client.post("executions", found, "cancel", body=body)
    call.show(document, lambda: write(f"{document.get('state', 'Cancelling')} {found}"))


@executions.command()
@click.argument("id")
@asks
def retry(call: Call, id: str) -> None:
    """Run an ended execution again, as a new one.

    \b
    Example: rota executions retry 0f1e2d3c4b5a
    """
    from rota.client.lookup import object_id

    found = object_id(call.client, "executions", "execution", id)
    document = call.client.post("executions", found, "retry", body={})
    call.show(document, lambda: write(f"{document.get('state', 'Pending')} {document.get('id')}"))


executions.add_command(execution_logs.logs)


def _name(execution: Document) -> str:
    return str(execution.get("jobName") or execution.get("name") or execution.get("type") or "-")


def describe(execution: Document) -> None:
    """One execution and its attempts, for a person."""
    fields(
        (
            ("id", execution.get("id")),
            ("job", f"{_name(execution)}  {execution.get('jobId') or ''}".rstrip()),
            ("state", state_of(execution)),
            ("reason", execution.get("reason")),
            ("error", execution.get("errorMessage")),
            ("type", execution.get("type")),
            ("parameters", compact(execution.get("parameters"))),
            ("result", compact(execution.get("result"))),
            ("trigger", f"{execution.get('trigger')} by {execution.get('actor') or '-'}"),
            ("queue", f"{execution.get('queue')}, priority {execution.get('priority', 0)}"),
            ("due", moment(execution.get("dueAt"))),
            ("created", moment(execution.get("createdAt"))),
            ("started", moment(execution.get("startedAt"))),
            ("finished", moment(execution.get("finishedAt"))),
            ("took", took(execution)),
            ("attempt", f"{execution.get('attempt', 0)} of {execution.get('maxAttempts', '-')}"),
        )
    )
    if attempts := execution.get("attempts"):
        write()
        columns = (
            Column("ATTEMPT", text("number")),
            Column("STATE", state_of),
            Column("STARTED", when("startedAt")),
            Column("TOOK", took),
            Column("ERROR", text("errorMessage"), flexible=True),
        )
        table(columns, attempts, empty="")
    if execution.get("state") == "Failed":
        say(f"try: rota executions logs {execution.get('id')}")
