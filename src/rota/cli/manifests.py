"""`rota apply`, `rota diff`, `rota export`: jobs, schedules and calendars as files."""

import json
from collections import Counter
from typing import TYPE_CHECKING

import click

from rota.cli.call import Call, asks, confirm, confirmed
from rota.cli.output import Document, say, waiting, write
from rota.domain.errors import InvalidInput

if TYPE_CHECKING:
    from rota.cli.manifest_files import Manifest

_LONGEST_VALUE = 60
_PATIENCE_SECONDS = 600.0
"""A thousand jobs take a while."""
_files = click.option(
    "-f", "--file", "files", metavar="FILE", multiple=True, required=True, help="YAML or JSON, or a folder; repeatable."
)
_prune = click.option("--prune", is_flag=True, help="Delete the jobs of manifests that the files do not name.")
_tag = click.option("--tag", metavar="TAG", help="With --prune: only those with this tag.")


@click.command()
@_files
@_prune
@_tag
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@confirmed
@asks
def apply(call: Call, files: tuple[str, ...], prune: bool, tag: str | None, dry_run: bool, yes: bool) -> None:
    """Make jobs, schedules and calendars what the files say.

    All of it is changed or, if anything is wrong, nothing. A second time it
    changes nothing. FILE may be - for stdin.

    \b
    Example: rota apply -f jobs/
    """
    if prune and not dry_run:
        going = [one for one in _sent(call, files, prune, tag, dry_run=True)["items"] if one["action"] == "deleted"]
        if going:
            some = ", ".join(sorted(one["name"] for one in going)[:5]) + (" …" if len(going) > 5 else "")
            confirm(f"delete {len(going)} {'job' if len(going) == 1 else 'jobs'} ({some})?", yes)
    answer = _sent(call, files, prune, tag, dry_run=dry_run)
    call.show(answer, lambda: _show(answer))


@click.command()
@_files
@_prune
@_tag
@click.option("--exit-code", is_flag=True, help="Exit with 1 when something would change.")
@asks
def diff(call: Call, files: tuple[str, ...], prune: bool, tag: str | None, exit_code: bool) -> int:
    """Say what `rota apply` would change, and what that does to the fires.

    \b
    Example: rota diff -f jobs.yaml
    """
    answer = _sent(call, files, prune, tag, dry_run=True)
    call.show(answer, lambda: _show(answer))
    return int(exit_code and any(one["action"] != "unchanged" for one in answer["items"]))


@click.command()
@click.argument("jobs", metavar="[JOB]…", nargs=-1)
@asks
def export(call: Call, jobs: tuple[str, ...]) -> None:
    """Write jobs with their schedules and calendars as YAML.

    Without a JOB, everything that code does not define.

    \b
    Example: rota export > jobs.yaml
    """
    from rota.cli.manifest_files import written
    from rota.client.lookup import job_id

    found = [job_id(call.client, job) for job in jobs]
    document = call.client.get("export", query={"jobId": ",".join(found) or None})
    call.show(document, lambda: click.echo(written(document), nl=False))


def _sent(call: Call, files: tuple[str, ...], prune: bool, tag: str | None, *, dry_run: bool) -> Document:
    from rota.cli.manifest_files import read

    if tag is not None and not prune:
        raise click.UsageError("--tag says what to prune: give --prune too")
    manifest = read(files)
    call.client.patience = _PATIENCE_SECONDS
    query = {"dryRun": dry_run, "prune": prune, "tag": tag}
    with waiting(f"comparing {manifest.size} objects" if dry_run else f"applying {manifest.size} objects"):
        try:
            return call.client.answer("POST", "apply", body=manifest.document, query=query).document
        except InvalidInput as error:
            raise _located(manifest, error) from None


def _located(manifest: "Manifest", error: InvalidInput) -> InvalidInput:
    """The same refusal, with files and names instead of positions."""
    places = [((manifest.place(location),), message) for location, message in error.errors]
    if not places:
        return error
    return InvalidInput(f"nothing was changed: {len(places)} {'problem' if len(places) == 1 else 'problems'}", places)


def _show(answer: Document) -> None:
    would = "would be " if answer["dryRun"] else ""
    for one in answer["items"]:
        if one["action"] != "unchanged":
            write(f"{one['noun']} {one['name']}  {would}{one['action']}")
            for change in one["changes"]:
                _show_change(change)
    counts = Counter(str(one["action"]) for one in answer["items"])
    say(", ".join(f"{many} {action}" for action, many in sorted(counts.items())) or "the files hold no objects")


def _show_change(change: Document) -> None:
    for name, before, after in _fields(str(change["name"]), change["before"], change["after"]):
        write(f"  {name}: {f'{_value(before)} -> ' if before is not None else ''}{_value(after)}")
    if change["fires"]:
        write(f"    {change['fires']}")


def _fields(name: str, before: object, after: object) -> list[tuple[str, object, object]]:
    """A field, or the fields of an object that differ."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return [(name, before, after)]
    names = [one for one in dict.fromkeys([*before, *after]) if before.get(one) != after.get(one)]
    return [(f"{name}.{one}", before.get(one), after.get(one)) for one in names]


def _value(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
