"""`rota up | server | worker`: what stays running."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rota.cli.settings import LISTEN, LOG, STORE, WORK, configured

if TYPE_CHECKING:
    from rota.config import Config


@click.command()
@configured(STORE, WORK, LISTEN, LOG)
def up(config: "Config") -> int:
    """Run a coordinator, its console and one worker in one process.

    \b
    Example: rota up --app shop.jobs
    """
    from rota.roles import run_up

    return run_up(config)


@click.command()
@configured(STORE, WORK[:1], LISTEN, LOG)
def server(config: "Config") -> int:
    """Run a coordinator: the API, the console and the scheduler loops.

    \b
    Example: rota server --db /var/lib/rota/rota.db --behind-proxy --host 0.0.0.0
    """
    from rota.roles import run_server

    return run_server(config)


@click.command()
@configured(STORE, WORK, LOG)
@click.option("--database", metavar="URL", help="The store, as --db.")
@click.option("--coordinator", metavar="URL", multiple=True, help="Work over HTTP; repeatable, the first that answers.")
@click.option("--token", metavar="TOKEN", help="A worker's key, or a one-time enrolment (ROTA_TOKEN).")
@click.option("--credential", metavar="FILE", help="Where the key got by enrolment is kept; rota-worker.json.")
def worker(
    config: "Config", database: str | None, coordinator: tuple[str, ...], token: str | None, credential: str | None
) -> int:
    """Run a worker: on a store that coordinators share, or over HTTP.

    \b
    Example: rota worker --database rota.db --queues reports --concurrency 4
    Example: rota worker --coordinator https://rota.example.com --token TOKEN
    """
    if coordinator:
        if database is not None or click.get_current_context().params.get("db"):
            raise click.UsageError(
                "a worker takes its work from a store or from coordinators: --database or --coordinator"
            )
        return _remote_worker(config, list(coordinator), token, credential)
    if token is not None or credential is not None:
        raise click.UsageError("a token is for workers over HTTP: add --coordinator URL")
    if database is not None:
        config = config.model_copy(update={"db": database})
    from rota.roles import run_worker

    return run_worker(config)


def _remote_worker(config: "Config", urls: list[str], token: str | None, credential: str | None) -> int:
    """The token of the command line, then the credential that was named, then ROTA_TOKEN, then what is kept here."""
    from rota.client.credential import DEFAULT_FILE, read
    from rota.roles import run_remote_worker

    file = Path(credential) if credential else DEFAULT_FILE
    if token is None and credential is None:
        token = config.token
    if token is None and not file.exists():
        raise click.UsageError(
            "a worker over HTTP takes a token: --token TOKEN (rota workers invite makes one), or --credential FILE"
        )
    return run_remote_worker(config, urls, read(file).token if token is None else token, file)
