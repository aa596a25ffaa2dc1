"""`rota migrate`: the schema of the store."""

from typing import TYPE_CHECKING

import click

from rota.cli.output import say, write
from rota.cli.settings import STORE, configured

if TYPE_CHECKING:
    from rota.config import Config
    from rota.stores.database import Database

BEHIND = 1


@click.command()
@configured(STORE)
@click.option("--check", "only_check", is_flag=True, help="Only say; exit 1 if there is something to do.")
def migrate(config: "Config", only_check: bool) -> int:
    """Bring the store to the current schema.

    \b
    Example: rota migrate --db rota.db --check
    """
    from rota.stores import schema
    from rota.stores.database import Database

    database = Database(config.db)
    try:
        if only_check:
            return _check(database)
        before, after = schema.migrate(database)
    finally:
        database.close()
    if before == after:
        write(f"{database} has the current schema {after}")
    else:
        write(f"{database}: schema {before or 'none'} -> {after}")
    return 0


def _check(database: "Database") -> int:
    from rota.stores import schema

    if not database.is_there:
        write(f"{database} does not exist yet; the current schema is {schema.HEAD}")
        say("try: rota migrate")
        return BEHIND
    found = schema.revision(database)
    if found == schema.HEAD:
        write(f"{database} has the current schema {found}")
        return 0
    if found is not None and found > schema.HEAD:
        schema.require_current(database, create=False)
    write(f"{database} has the schema {found or 'none'}; the current one is {schema.HEAD}")
    say("try: rota migrate   (after a backup)")
    return BEHIND
