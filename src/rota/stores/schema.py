"""The schema's version: make it, bring it to the present, refuse what is not ours."""

from sqlalchemy import inspect, text

from rota.domain.errors import SchemaMismatch, StoreEmpty
from rota.stores.database import Database

HEAD = "0011"
"""The newest revision in `migrations/versions`; a test holds the two together."""


def revision(database: Database) -> str | None:
    """The store's revision; None for an empty store. SchemaMismatch for a database of something else."""
    with database.read() as tx:
        tables = set(inspect(tx.connection).get_table_names())
        if "alembic_version" in tables and "executions" in tables:
            return tx.connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if tables:
        raise SchemaMismatch(
            f"{database} holds tables of something else ({', '.join(sorted(tables)[:3])} …); Rota leaves it as it is."
            " Name another store with --db"
        )
    return None


def require_current(database: Database, *, create: bool) -> None:
    """Refuse a store that this version cannot run on; with `create`, an empty one is made ready."""
    if not create and not database.is_there:
        raise StoreEmpty(f"there is no {database}; start `rota up` there first, or name another store with --db")
    found = revision(database)
    if found is None and create:
        migrate(database)
    elif found is None:
        raise StoreEmpty(f"{database} is empty; run: rota migrate")
    elif found > HEAD:
        raise SchemaMismatch(
            f"{database} was made by a newer Rota (schema {found}, this version knows {HEAD}); upgrade Rota"
        )
    elif found < HEAD:
        raise SchemaMismatch(
            f"{database} has the older schema {found}, this version needs {HEAD}; make a backup and run: rota migrate"
        )


def migrate(database: Database) -> tuple[str | None, str]:
    """Bring the store to the current schema in one transaction. Returns the revision before and after."""
    from alembic import command
    from alembic.config import Config

    before = revision(database)
    if before is not None and before > HEAD:
        require_current(database, create=False)
    config = Config()
    config.set_main_option("script_location", "rota.stores:migrations")
    with database.write() as tx:
        database.dialect.lock_schema(tx)
        tx.connection.begin()  # so that Alembic leaves the commit to us
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "head")
    return before, HEAD
