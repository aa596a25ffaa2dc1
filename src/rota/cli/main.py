"""The `rota` command: what there is, and how every failure ends."""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any, NoReturn

import click

from rota.cli.lazy import Lazy, LazyGroup
from rota.version import __version__

INTERRUPTED = 130
BROKEN_PIPE = 141

SECTIONS = {
    "Run": {
        "up": Lazy("rota.cli.server", "up", "Coordinator, console and one worker in one process."),
        "server": Lazy("rota.cli.server", "server", "Coordinator only."),
        "worker": Lazy("rota.cli.server", "worker", "Worker only."),
        "migrate": Lazy("rota.cli.store", "migrate", "Bring the store to the current schema."),
        "check": Lazy("rota.cli.check", "check", "Validate the configuration; say what it would use."),
    },
    "Ask a running coordinator (ROTA_URL, ROTA_TOKEN)": {
        "jobs": Lazy("rota.cli.jobs", "jobs", "What to run: create, trigger, pause, submit …"),
        "schedules": Lazy("rota.cli.schedules", "schedules", "When jobs become due: create, preview …"),
        "calendars": Lazy("rota.cli.calendars", "calendars", "Which days are worked: create, days, override …"),
        "freezes": Lazy("rota.cli.freezes", "freezes", "When schedules start nothing: create, list, delete."),
        "executions": Lazy("rota.cli.executions", "executions", "What ran: list, logs, cancel, retry …"),
        "why": Lazy("rota.cli.why", "why", "Why a job has not run, and when it could."),
        "simulate": Lazy("rota.cli.simulate", "simulate", "What schedules will do: fires, skips, waits, load."),
        "lint": Lazy("rota.cli.lint", "lint", "What is probably a mistake, also in files."),
        "queues": Lazy("rota.cli.queues", "queues", "Where they wait: list, set, pause, resume, reset."),
        "workers": Lazy("rota.cli.workers", "workers", "Who runs it: list, drain, invite."),
        "import": Lazy("rota.cli.importing", "import_command", "Jobs from crontabs, systemd timers, Celery …"),
        "apply": Lazy("rota.cli.manifests", "apply", "Jobs, schedules and calendars from files."),
        "diff": Lazy("rota.cli.manifests", "diff", "What that would change."),
        "export": Lazy("rota.cli.manifests", "export", "Jobs and calendars as YAML."),
        "keys": Lazy("rota.cli.keys", "keys", "Who may ask: list, create, delete."),
        "audit": Lazy("rota.cli.audit", "audit", "Who changed what."),
    },
}


class RotaCommand(LazyGroup):
    """The root. Every failure becomes one line on stderr and the exit code of its kind, never a stack trace."""

    def main(self, args: Sequence[str] | None = None, *_ignored: Any, **options: Any) -> NoReturn:
        options["standalone_mode"] = False
        try:
            code = super().main(args, **options)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python would complain once more when it flushes on the way out.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = BROKEN_PIPE
        except (KeyboardInterrupt, click.Abort):
            code = INTERRUPTED
        except Exception as error:
            from rota.cli.failure import explain

            code = explain(error, sys.argv[1:] if args is None else args)
        sys.exit(code if isinstance(code, int) else 0)


@click.command(
    cls=RotaCommand,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Start here: rota up",
)
@click.version_option(__version__, "-V", "--version", message="rota %(version)s")
def root() -> None:
    """Rota, the job scheduler that accounts for every run."""


def main() -> NoReturn:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 shows `?` rather than a failure
    root.main(prog_name="rota")
