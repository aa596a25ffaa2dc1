"""`rota jobs create | update | delete`."""

import re
from collections.abc import Callable
from typing import Any

import click

from rota.cli.call import Call, asks, confirm, confirmed
from rota.cli.output import Document, write
from rota.cli.reading import SecondsType, file_option, from_file, given, parameter_options, parameters
from rota.cli.rule_options import rule_options, take_schedule

WRITABLE = (
    "name",
    "description",
    "category",
    "tags",
    "jobType",
    "parameters",
    "parametersSchema",
    "queue",
    "priority",
    "timeoutSeconds",
    "retryCount",
    "retryStrategy",
    "baseDelaySeconds",
    "maxDelaySeconds",
    "permanentStatuses",
    "maxConcurrentExecutions",
    "concurrencyKey",
    "maxConcurrentPerKey",
    "rateLimit",
    "allowedEnvironments",
    "executionMode",
    "isolation",
    "onLost",
    "ownerName",
    "ownerEmail",
    "teamName",
    "escalationContact",
)
"""What of a job as it is read may be sent back."""

_OWN_KEY = re.compile(r"default(-\d+)?")
"""Schedules with these keys came with the definition; others were given to the job apart from it."""


def _definition_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--name", metavar="TEXT", help="Its name."),
        click.option("--type", "job_type", metavar="TYPE", help="A function's name, a URL, script, container …"),
        click.option("--description", metavar="TEXT", help="What it is for."),
        click.option("--queue", metavar="NAME", help="The queue it waits in."),
        click.option("--priority", type=int, help="Larger runs sooner."),
        click.option("--timeout", type=SecondsType(), metavar="DURATION", help="Longest run of one attempt."),
        click.option("--retries", type=click.IntRange(min=0), help="Attempts after the first."),
        click.option("--max-concurrent", type=click.IntRange(min=1), metavar="N", help="At most N of it at once."),
        click.option("--key", "concurrency_key", metavar="TEMPLATE", help="Shares a cap, such as customer:{id}."),
        click.option("--per-key", type=click.IntRange(min=1), metavar="N", help="At most N at once with the same key."),
        click.option("--rate", metavar="RATE", help="Starts in a time, such as 100/1m."),
        click.option("--owner", metavar="NAME", help="Who answers for it."),
        click.option("--team", metavar="NAME", help="Whose it is."),
        click.option("--tag", metavar="TAG", multiple=True, help="Repeatable."),
        parameter_options,
        file_option("The job"),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@_definition_options
@rule_options
@click.option("--idempotency-key", metavar="KEY", help="The same key again creates nothing new.")
@asks
def create(call: Call, file: str | None, idempotency_key: str | None, **options: Any) -> None:
    """Create a job from flags, or from a file that flags override.

    \b
    Example: rota jobs create --name report --type reports.daily --daily-at 06:00
    """
    schedule = take_schedule(options)
    body = (from_file(file) if file else {}) | _definition(options) | given(schedule=schedule)
    if "name" not in body or not ({"jobType", "type", "executionTypeName"} & set(body)):
        raise click.UsageError("a job needs --name and --type, or -f FILE that holds them")
    document = call.client.post("jobs", body=body, idempotency_key=idempotency_key)
    call.show(document, lambda: write(f"created job {document.get('name')}  {document.get('id')}"))


@click.command()
@click.argument("job")
@_definition_options
@rule_options
@asks
def update(call: Call, job: str, file: str | None, **options: Any) -> None:
    """Change a job: a file replaces all, flags change what they name.

    \b
    Example: rota jobs update report --timeout 10m --retries 5
    """
    from rota.client.lookup import job_id

    changes = given(schedule=take_schedule(options)) | _definition(options)
    if file is None and not changes:
        raise click.UsageError("nothing to change: give a flag, or -f FILE")
    found = job_id(call.client, job)
    if file is not None:
        document = call.client.put("jobs", found, body=from_file(file) | changes)
    elif "name" in changes or "jobType" in changes:
        # The API takes a document with these for a whole definition, and drops what it leaves out.
        current = call.client.answer("GET", "jobs", found)
        body = _whole(call, current.document) | changes
        if "schedule" in changes:
            del body["schedules"]
        document = call.client.put("jobs", found, body=body, etag=current.etag)
    else:
        document = call.client.put("jobs", found, body=changes)
    call.show(document, lambda: write(f"updated job {document.get('name')}: version {document.get('version')}"))


@click.command()
@click.argument("job")
@confirmed
@asks
def delete(call: Call, job: str, yes: bool) -> None:
    """Delete a job and its schedules. What it ran stays in the history.

    \b
    Example: rota jobs delete report --yes
    """
    from rota.client.lookup import job_id

    found = job_id(call.client, job)
    confirm(f"delete job {job} ({found})?", yes)
    document = call.client.delete("jobs", found)
    call.show(document, lambda: write(f"deleted job {job}  {found}"))


def _whole(call: Call, job: Document) -> Document:
    """The definition of a job as it stands, with the schedules that belong to it."""
    schedules = call.client.items("schedules", query={"jobId": job["id"]})
    own = [schedule["rule"] for schedule in schedules if _OWN_KEY.fullmatch(schedule.get("key") or "")]
    return {name: job[name] for name in WRITABLE if name in job} | {"schedules": own}


def _definition(options: Document) -> Document:
    return given(
        name=options["name"],
        jobType=options["job_type"],
        description=options["description"],
        queue=options["queue"],
        priority=options["priority"],
        timeoutSeconds=options["timeout"],
        retryCount=options["retries"],
        maxConcurrentExecutions=options["max_concurrent"],
        concurrencyKey=options["concurrency_key"],
        maxConcurrentPerKey=options["per_key"],
        rateLimit=options["rate"],
        ownerName=options["owner"],
        teamName=options["team"],
        tags=list(options["tag"]) or None,
        parameters=parameters(options["param"], options["payload"]),
    )


COMMANDS = (create, update, delete)
