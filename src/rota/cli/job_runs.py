"""`rota jobs trigger | submit | cancel`: what starts and stops executions."""

from collections.abc import Callable
from typing import Any

import click

from rota.cli.call import Call, asks
from rota.cli.following import exit_code, tell_end, wait_for_end
from rota.cli.output import Document, say, write, write_json
from rota.cli.reading import SecondsType, TimeType, given, parameter_options, parameters


def _later(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--run-at", type=TimeType(), metavar="TIME", help="Not before this time.")(command)
    return click.option("--delay", type=SecondsType(), metavar="DURATION", help="Not before so long from now.")(command)


def _waits(command: Callable[..., Any]) -> Callable[..., Any]:
    key = click.option("--idempotency-key", metavar="KEY", help="The same key again starts nothing new.")
    return click.option("--wait", is_flag=True, help="Wait for the end; exit 0 only if it succeeded.")(key(command))


@click.command()
@click.argument("job")
@parameter_options
@_later
@click.option("--allow-overlap", is_flag=True, help="Start it beside what runs already.")
@_waits
@asks
def trigger(call: Call, job: str, allow_overlap: bool, wait: bool, idempotency_key: str | None, **options: Any) -> int:
    """Start a job, now or later; parameters override its own.

    \b
    Example: rota jobs trigger report -p region=US --wait
    """
    from rota.client.lookup import job_id

    body = given(
        parameters=parameters(options["param"], options["payload"]),
        overlap="allow" if allow_overlap else None,
        **_start(options),
    )
    found = job_id(call.client, job)
    document = call.client.post("jobs", found, "trigger", body=body, idempotency_key=idempotency_key)
    return _started(call, document, job, wait)


@click.command()
@click.argument("type", metavar="TYPE")
@parameter_options
@click.option("--name", metavar="TEXT", help="A name for people.")
@_later
@click.option("--queue", metavar="NAME", help="The queue it waits in.")
@click.option("--priority", type=int, help="Larger runs sooner.")
@click.option("--timeout", type=SecondsType(), metavar="DURATION", help="Longest run of one attempt.")
@click.option("--retries", type=click.IntRange(min=0), help="Attempts after the first.")
@_waits
@asks
def submit(call: Call, idempotency_key: str | None, wait: bool, **options: Any) -> int:
    """Run something once, without a definition.

    \b
    Example: rota jobs submit echo -p text=hello --wait
    """
    payload = parameters(options["param"], options["payload"])
    body = {
        "type": options["type"],
        "payload": {} if payload is None else payload,
        **given(
            name=options["name"],
            queue=options["queue"],
            priority=options["priority"],
            timeoutSeconds=options["timeout"],
            maxRetries=options["retries"],
            **_start(options),
        ),
    }
    document = call.client.post("jobs", body=body, idempotency_key=idempotency_key)
    return _started(call, document, options["type"], wait)


@click.command()
@click.argument("job")
@click.option("--reason", metavar="TEXT", help="Why; it stands in the history.")
@asks
def cancel(call: Call, job: str, reason: str | None) -> None:
    """Cancel everything of a job that waits or runs.

    \b
    Example: rota jobs cancel report --reason 'wrong input'
    """
    from rota.client.lookup import job_id

    document = call.client.post("jobs", job_id(call.client, job), "cancel", body=given(reason=reason))
    call.show(document, lambda: _cancelled(document.get("items") or [], job))


def _start(options: Document) -> Document:
    """When an execution is to start, as the API takes it."""
    if options["delay"] is not None and options["run_at"] is not None:
        raise click.UsageError("either --delay or --run-at")
    return given(delaySeconds=options["delay"], runAt=options["run_at"])


def _cancelled(executions: list[Document], job: str) -> None:
    for execution in executions:
        write(f"{execution.get('state')} {execution.get('id')}")
    if not executions:
        say(f"nothing of {job} waits or runs")


def _started(call: Call, document: Document, what: str, wait: bool) -> int:
    execution_id = str(document.get("executionId") or document.get("id"))
    if not wait:
        call.show(document, lambda: _told(document, execution_id))
        return 0
    say(f"started {execution_id}")
    execution = wait_for_end(call.client, execution_id, what)
    if call.as_json:
        write_json(execution)
    else:
        tell_end(execution)
    return exit_code(execution)


def _told(document: Document, execution_id: str) -> None:
    write(f"{document.get('state', 'Pending')} {execution_id}")
    say(f"follow it: rota executions logs -f {execution_id}")


COMMANDS = (trigger, submit, cancel)
