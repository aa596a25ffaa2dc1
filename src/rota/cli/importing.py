"""`rota import`: what other schedulers run, told in a report, compared, and made into jobs."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rota.cli.call import Call, asks, confirm, confirmed
from rota.cli.import_report import Line, report, summary
from rota.cli.machine import time_zone
from rota.cli.output import Document, say, waiting, write
from rota.cli.reading import given
from rota.domain.errors import Forbidden, InvalidInput, RotaError, Unauthenticated, Unavailable

if TYPE_CHECKING:
    from rota.importers.base import Found, Importer, Options, Source

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says about the jobs, whatever their source."""

    prefix: str
    queue: str | None
    owner: str | None

    def applied(self, kind: str, document: Document) -> Document:
        """The job document with them."""
        return (
            document
            | given(queue=self.queue, ownerName=self.owner)
            | {"name": f"{self.prefix}{document['name']}", "tags": [f"imported:{kind}"]}
        )


@click.command("import")
@click.argument("kind")
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option("--tz", metavar="ZONE", help="Time zone of the source, where it names none; the machine's.")
@click.option("--system/--user", default=None, help="Crontabs with or without a user field; by the path.")
@click.option("--prefix", metavar="TEXT", default="", help="Begins every name; one for each machine.")
@click.option("--queue", metavar="NAME", help="The queue that the jobs wait in.")
@click.option("--owner", metavar="NAME", help="Who answers for them.")
@click.option("--dry-run", is_flag=True, help="Only the report; needs no coordinator.")
@confirmed
@asks
def import_command(
    call: Call,
    kind: str,
    files: tuple[str, ...],
    tz: str | None,
    system: bool | None,
    dry_run: bool,
    yes: bool,
    **wishes: str | None,
) -> int:
    """Import schedules of KIND: crontab, systemd, celery or apscheduler.

    The files are read, never run. A later import of the same files updates the
    same jobs. FILE may be - for stdin.

    \b
    Example: rota import crontab /etc/crontab /etc/cron.d/* --dry-run
    """
    wanted = Wishes(wishes["prefix"] or "", wishes["queue"], wishes["owner"])
    with waiting("reading and comparing"):
        lines = _lines(kind, files, tz, system)
    if dry_run or not any(line.importable for line in lines):
        call.show([line.document() for line in lines], lambda: report(lines))
        say(summary(lines))
        return 0
    if not call.as_json:
        report(lines)
    say(summary(lines))
    confirm(f"save {sum(line.importable for line in lines)} jobs?", yes)
    lines, code = _save(call, kind, lines, wanted)
    call.show([line.document() for line in lines], lambda: _told(lines))
    return code


def _lines(kind: str, files: Sequence[str], tz: str | None, system: bool | None) -> list[Line]:
    """Every entry of every file with its comparison."""
    from rota import registry
    from rota.importers.base import Options

    importers = registry.importers()
    if kind not in importers:
        raise click.UsageError(f"no importer {kind!r}; there are {', '.join(sorted(importers))}")
    importer = importers[kind]
    zone = time_zone(tz)
    sources = [_source(file) for file in files]
    options = Options(zone, time.time_ns() // 1000, system, _beside(importer, sources), tz is not None)
    return [_compared(found, options) for source in sources for found in importer.read(source, options)]


def _compared(found: "Found", options: "Options") -> Line:
    from rota.importers.comparison import compare

    if found.job is None:
        return Line(found)
    try:
        return Line(found, compare(found, options.now))
    except InvalidInput as error:
        return Line(replace(found, job=None, problem=error.detail))


def _source(file: str) -> "Source":
    from rota.importers.base import Source

    try:
        if file == STDIN:
            return Source(STDIN, sys.stdin.read())
        return Source(str(Path(file).resolve()), Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(f"cannot read {file}: {error.strerror}") from None
    except ValueError:
        raise click.UsageError(f"{file} is not UTF-8 text") from None


def _beside(importer: "Importer", sources: Sequence["Source"]) -> dict[str, str]:
    """The text of the files that the sources refer to, as far as they exist."""
    named = [path for source in sources for path in importer.beside(source)]
    return {source.path: source.text for source in sources} | {
        path: _source(path).text for path in named if Path(path).is_file()
    }


def _save(call: Call, kind: str, lines: Sequence[Line], wishes: Wishes) -> tuple[list[Line], int]:
    """What became of each entry, and the exit code of the first failure. What refuses one for all is not tried again."""
    from rota.client.imports import save
    from rota.importers.base import source_tag

    ended: list[Line] = []
    code, given_up = 0, False
    for line in lines:
        if line.found.job is None:
            ended.append(line)
            continue
        if given_up:
            ended.append(replace(line, failure="not tried"))
            continue
        tag = source_tag(kind, line.found, wishes.prefix)
        try:
            ended.append(replace(line, saved=save(call.client, tag, wishes.applied(kind, line.found.job))))
        except RotaError as error:
            ended.append(replace(line, failure=error.detail))
            code = code or error.exit_code
            given_up = isinstance(error, Unavailable | Unauthenticated | Forbidden)
    return ended, code


def _told(lines: Sequence[Line]) -> None:
    for line in lines:
        if line.saved is not None:
            write(f"{line.saved.action} job {line.saved.name}  {line.saved.id}")
        elif line.failure is not None:
            say(f"error: {line.place}: {line.failure}")
