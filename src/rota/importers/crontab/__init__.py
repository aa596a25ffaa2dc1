"""Crontabs of users and of the system, as cronie and Debian's cron read them, become script jobs.

A command keeps its shell and its variables: `env` sets them, because cron sets what a script job may not choose (PATH).
cron catches nothing up, starts an entry beside its earlier run, never tries again and knows no timeout; so do the jobs.
"""

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import ClassVar

from rota.domain.errors import InvalidInput
from rota.domain.zone import Zone
from rota.importers.base import (
    NO_TIMEOUT,
    Document,
    Found,
    Importer,
    Options,
    Source,
    job_name,
    require_text,
    told_apart,
)
from rota.importers.crontab.cronie import cronie_fires
from rota.importers.crontab.fields import Rule
from rota.importers.crontab.reading import Broken, Entry, read_lines

_DEFAULTS = {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
_OF_CRON = ("CRON_TZ", "RANDOM_DELAY")
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_PROGRAM = re.compile(r"(?<![^\s=;&|(])(?:/[\w.+@-]+){2,}")
_NO_PROGRAM = ("/run/", "/var/run/", "/dev/", "/proc/", "/sys/")
_BEFORE_A_PROGRAM = ("cd", "command", "env", "exec", "if", "ionice", "nice", "sudo", "test", "time", "[", "!")
_LONGEST_DELAY = 24 * 60


class CrontabImporter:
    """Reads crontabs."""

    kind: ClassVar[str] = "crontab"

    def beside(self, source: Source) -> Sequence[str]:
        """A crontab refers to no other file."""
        return ()

    def read(self, source: Source, options: Options) -> list[Found]:
        """The entries of a crontab."""
        require_text(source)
        system = _is_system(source.path) if options.system is None else options.system
        return told_apart([_found(source, line, options) for line in read_lines(source.text, system=system)])


def build() -> Importer:
    """The importer."""
    return CrontabImporter()


def _is_system(path: str) -> bool:
    """Whether the path is one of those whose entries name a user: /etc/crontab and /etc/cron.d/*."""
    parts = PurePath(path)
    return parts.parent.name == "cron.d" or (parts.name == "crontab" and parts.parent.name == "etc")


def _found(source: Source, line: Entry | Broken, options: Options) -> Found:
    if isinstance(line, Broken):
        return Found(source.path, line.line, line.text, job_name(source.name), line.text, problem=line.problem)
    key = f"{line.user or ''}\0{line.command}\0{line.stdin or ''}"
    name = job_name(source.name, _program(line.command))
    if line.rule is None:
        problem = "it runs when the machine starts, which is no schedule; trigger a job at boot instead"
        return Found(source.path, line.line, key, name, line.schedule, problem=problem)
    own_zone = bool(line.settings.get("CRON_TZ"))
    try:
        zone = Zone.named(line.settings.get("CRON_TZ") or options.time_zone)
    except InvalidInput as error:
        return Found(source.path, line.line, key, name, line.schedule, problem=error.errors[0][1])
    notes, schedule = _schedule(line, line.rule, zone, own_zone)
    return Found(
        file=source.path,
        line=line.line,
        key=key,
        name=name,
        rule=line.schedule,
        job=_job(source, line, name) | {"schedule": schedule},
        notes=(*notes, *_notes(line)),
        fires=None if line.rule.random else cronie_fires(line.rule, zone, own_zone=own_zone),
        not_compared="cronie draws its times at random" if line.rule.random else None,
    )


def _schedule(line: Entry, rule: Rule, zone: Zone, own_zone: bool) -> tuple[list[str], Document]:
    """The schedule with what is to be said about it."""
    notes: list[str] = []
    schedule: Document = {"cron": rule.cron, "timeZone": zone.name, "missed": "skip", "overlap": "allow"}
    if own_zone:
        schedule |= {"dstGap": "skip", "dstOverlap": "both"}
        notes.append("CRON_TZ: the clock is read literally, as cronie does; times that it skips are skipped")
    if rule.random:
        notes.append("a random time of cronie becomes H, which is fixed for each job")
    delay = line.settings.get("RANDOM_DELAY", "0").strip()
    if not delay.isascii() or not delay.isdigit() or int(delay[:9]) > _LONGEST_DELAY:
        notes.append("RANDOM_DELAY is no number of minutes up to a day; cronie ignores it too")
    elif int(delay):
        schedule["jitter"] = f"{int(delay)}m"
        notes.append(f"RANDOM_DELAY becomes a jitter of {int(delay)} min")
    return notes, schedule


def _job(source: Source, line: Entry, name: str) -> Document:
    variables = _DEFAULTS | {key: value for key, value in line.settings.items() if key not in _OF_CRON}
    assignments = [f"{key}={value}" for key, value in variables.items() if _NAME.fullmatch(key)]
    # cron starts a command in the home directory; a worker has its own.
    command = ["/usr/bin/env", *assignments, variables["SHELL"], "-c", f"cd\n{line.command}"]
    return {
        "name": name,
        "description": line.comment or source.description,
        "jobType": "script",
        "parameters": {"command": command} | ({} if line.stdin is None else {"stdin": line.stdin}),
        "retryCount": 0,
        "timeoutSeconds": NO_TIMEOUT,
    }


def _notes(line: Entry) -> list[str]:
    notes = []
    if line.user is not None:
        notes.append(f"it ran as {line.user}; here it runs as the user of the worker")
    if line.settings.get("MAILTO"):
        notes.append(f"no mail goes to {line.settings['MAILTO']}; the output is the log of each execution")
    if odd := [name for name in line.settings if not _NAME.fullmatch(name)]:
        notes.append(f"left out, no names of variables: {', '.join(odd)}")
    return notes


def _program(command: str) -> str:
    """The name of what a command mainly runs: the first program with a path, else the first word that is one.

    Nothing for a command of which `%` leaves only the input.
    """
    paths = [path for path in _PROGRAM.findall(command) if not path.startswith(_NO_PROGRAM)]
    words = [word for word in command.split() if word not in _BEFORE_A_PROGRAM and not re.match("-|[A-Za-z_]+=", word)]
    return PurePath([*paths, *words, *command.split(), ""][0]).name
