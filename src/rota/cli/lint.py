"""`rota lint`: what is probably a mistake in jobs, stored or in files."""

import time

import click

from rota.cli.call import Call, asks
from rota.cli.output import Cell, Column, Document, table
from rota.cli.wording import text

_FOUND = 1


@click.command()
@click.argument("jobs", metavar="[JOB]…", nargs=-1)
@click.option(
    "-f",
    "--file",
    "files",
    metavar="FILE",
    multiple=True,
    help="Jobs or schedules as YAML or JSON, without a server; repeatable.",
)
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@asks
def lint(call: Call, jobs: tuple[str, ...], files: tuple[str, ...], strict: bool) -> int:
    """Say what is probably a mistake. Fails with exit code 1 when there are errors.

    \b
    Example: rota lint -f jobs.json --strict
    """
    if jobs and files:
        raise click.UsageError("either jobs, which a coordinator knows, or files")
    found = _in_files(files) if files else _stored(call, jobs)
    call.show(found, lambda: _show(found))
    return _FOUND if any(strict or one.get("severity") == "error" for one in found) else 0


def _stored(call: Call, jobs: tuple[str, ...]) -> list[Document]:
    from rota.client.lookup import job_id

    if not jobs:
        return list(call.client.items("lint"))
    return [one for job in jobs for one in call.client.get("lint", query={"jobId": job_id(call.client, job)})["items"]]


def _in_files(files: tuple[str, ...]) -> list[Document]:
    from rota.domain.lint_reading import lint_documents

    named = [(file, document) for file in files for document in _documents(file)]
    findings = lint_documents([document for _, document in named], time.time_ns() // 1000)
    return [
        {
            "file": file,
            "jobName": document.get("name"),
            "schedule": one.schedule,
            "code": one.code,
            "severity": one.severity.value,
            "says": one.says,
        }
        for (file, document), found in zip(named, findings, strict=True)
        for one in found
    ]


def _documents(file: str) -> list[Document]:
    """The objects of a file, as YAML or JSON: one, a list of them, or a list under `jobs`."""
    from rota.cli.manifest_files import documents

    found: list[Document] = []
    for content in documents(file):
        jobs = content["jobs"] if isinstance(content, dict) and isinstance(content.get("jobs"), list) else content
        for one in jobs if isinstance(jobs, list) else [jobs]:
            if not isinstance(one, dict):
                raise click.UsageError(f"{file} must hold an object, or a list of them")
            found.append(one)
    return found


def _show(found: list[Document]) -> None:
    columns = (
        Column("SEVERITY", _severity),
        Column("JOB", text("jobName"), flexible=True),
        Column("CODE", text("code")),
        Column("SAYS", text("says")),
    )
    table(columns, found, empty="nothing is suspicious")


def _severity(one: Document) -> Cell:
    return Cell(str(one.get("severity")), "red" if one.get("severity") == "error" else "yellow")
