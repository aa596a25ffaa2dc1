"""`rota up | server | worker`: what stays running."""

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
@click.option("--coordinator", metavar="URL", help="Work over HTTP.")
@click.option("--token", metavar="TOKEN", help="The key of a worker over HTTP (ROTA_TOKEN).")
def worker(config: "Config", database: str | None, coordinator: str | None, token: str | None) -> int:
    """Run a worker on a store that coordinators share.

    \b
    Example: rota worker --database rota.db --queues reports --concurrency 4
    """
    if coordinator is not None or token is not None:
        raise click.UsageError("HTTP workers come with the next release; use --database")
    if database is not None:
        config = config.model_copy(update={"db": database})
    from rota.roles import run_worker

    return run_worker(config)
