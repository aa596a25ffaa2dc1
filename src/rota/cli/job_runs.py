"""`rota jobs trigger | submit | cancel`: what starts and stops executions."""

from typing import Any

import click

from rota.cli.call import Call, asks
from rota.cli.following import exit_code, tell_end, wait_for_end
from rota.cli.output import Document, say, write, write_json
from rota.cli.reading import SecondsType, TimeType, given, parameter_options, parameters


@click.command()
@click.argument("job")
@parameter_options
@click.option("--wait", is_flag=True, help="Wait for the end; exit 0 only if it succeeded.")
@click.option("--idempotency-key", metavar="KEY", help="The same key again starts nothing new.")
@asks
def trigger(call: Call, job: str, param: tuple[str, ...], payload: Any, wait: bool, idempotency_key: str | None) -> int:
    """Start a job now; parameters override its own.

    \b
    Example: rota jobs trigger report -p region=US --wait
    """
    from rota.client.lookup import job_id

    body = given(parameters=parameters(param, payload))
    found = job_id(call.client, job)
    document = call.client.post("jobs", found, "trigger", body=body, idempotency_key=idempotency_key)
    return _started(call, document, job, wait)


@click.command()
@click.argument("type", metavar="TYPE")
@parameter_options
@click.option("--name", metavar="TEXT", help="A name for people.")
@click.option("--delay", type=SecondsType(), metavar="DURATION", help="Not before so long from now.")
@click.option("--run-at", type=TimeType(), metavar="TIME", help="Not before this time.")
@click.option("--queue", metavar="NAME", help="The queue it waits in.")
@click.option("--priority", type=int, help="Larger runs sooner.")
@click.option("--timeout", type=SecondsType(), metavar="DURATION", help="Longest run of one attempt.")
@click.option("--retries", type=click.IntRange(min=0), help="Attempts after the first.")
@click.option("--wait", is_flag=True, help="Wait for the end; exit 0 only if it succeeded.")
@click.option("--idempotency-key", metavar="KEY", help="The same key again submits nothing new.")
@asks
def submit(call: Call, idempotency_key: str | None, wait: bool, **options: Any) -> int:
    """Run something once, without a definition.

    \b
    Example: rota jobs submit echo -p text=hello --wait
    """
    if options["delay"] is not None and options["run_at"] is not None:
        raise click.UsageError("either --delay or --run-at")
    payload = parameters(options["param"], options["payload"])
    body = {
        "type": options["type"],
        "payload": {} if payload is None else payload,
        **given(
            name=options["name"],
            delaySeconds=options["delay"],
            runAt=options["run_at"],
            queue=options["queue"],
            priority=options["priority"],
            timeoutSeconds=options["timeout"],
            maxRetries=options["retries"],
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
    call.show(document, lambda: write(f"cancelling what {job} has waiting or running"))


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
