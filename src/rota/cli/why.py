"""`rota why`: every gate between a job and its next run, or between an execution and its next attempt."""

import click

from rota.cli.call import Call, asks
from rota.cli.output import Cell, Column, Document, person_looks, say, table, write
from rota.cli.wording import moment


@click.command()
@click.argument("job")
@asks
def why(call: Call, job: str) -> None:
    """Say why a job has not run: every gate in order, and the next possible start.

    JOB is a job by its name or id, or an execution by its id.

    \b
    Example: rota why report
    """
    from rota.client.lookup import job_id, object_id
    from rota.domain.errors import NotFound

    try:
        document = call.client.get("jobs", job_id(call.client, job), "why")
    except NotFound as no_job:
        try:
            document = call.client.get("executions", object_id(call.client, "executions", "execution", job), "why")
        except NotFound:
            raise no_job from None
    call.show(document, lambda: _show(document))


def _show(answer: Document) -> None:
    gates = answer.get("gates") or []
    write(str(answer.get("headline")))
    columns = (
        Column("", _mark),
        Column("GATE", lambda gate: str(gate.get("code", "-"))),
        Column("SAYS", lambda gate: str(gate.get("says") or "")),
    )
    table(columns, gates, empty="no gates")
    if start := moment(answer.get("nextStart")):
        say(f"next possible start: {start}")


def _mark(gate: Document) -> Cell:
    passed = bool(gate.get("ok"))
    if person_looks():
        return Cell("✓", "green") if passed else Cell("✗", "red")
    return Cell("pass" if passed else "FAIL")
