"""`rota check`: what this configuration would use, and whether it can work."""

import os
import platform
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rota.cli.output import fields, say, write_json
from rota.cli.settings import LISTEN, LOG, STORE, WORK, configured
from rota.domain.errors import ConfigurationInvalid, RotaError
from rota.version import __version__

if TYPE_CHECKING:
    from rota.config import Config
    from rota.stores.database import Database


@click.command()
@configured(STORE, WORK, LISTEN, LOG)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def check(config: "Config", as_json: bool) -> int:
    """Validate the configuration and say what it would use.

    \b
    Example: rota check --config rota.toml --app shop.jobs
    """
    problems: list[str] = []
    findings = list(_findings(config, problems))
    if as_json:
        apps = [value for name, value in findings if name == "app"]
        write_json({name: value for name, value in findings if name != "app"} | {"apps": apps, "problems": problems})
    else:
        fields(findings)
    for problem in problems:
        say(f"error: {problem}")
    return ConfigurationInvalid.exit_code if problems else 0


def _findings(config: "Config", problems: list[str]) -> Iterator[tuple[str, str]]:
    lease, engine, server = config.lease, config.engine, config.server
    scheme = "https" if server.tls_certificate else "http"
    yield "rota", f"{__version__}, Python {platform.python_version()}"
    yield "store", _store(config, problems)
    yield "address", f"{scheme}://{server.host}:{server.port}"
    yield "environment", config.environment
    yield (
        "lease",
        f"{lease.seconds:g} s, heartbeat {lease.heartbeat_seconds:g} s, reaper {lease.reaper_seconds:g} s,"
        f" margin {lease.margin_seconds:g} s",
    )
    yield "slots", f"{engine.max_concurrent_jobs}"
    yield "queues", ", ".join(engine.queues) or "all"
    yield (
        "defaults",
        f"timeout {engine.default_timeout_seconds:g} s, {engine.default_retry_count} retries,"
        f" {engine.retry_delay_strategy.value}",
    )
    yield "scripts", "allowed" if config.script.enabled else "off"
    yield "private HTTP", ", ".join(config.http.allow_private) or "none"
    for module in config.app:
        yield "app", _app(module, problems)
    yield "audit key", f"the one named {config.audit.keyring.name}" if config.audit.key else "none"
    yield "anchors", str(config.audit.anchor_file or "none")
    yield "admin token", "set" if config.admin_token else "made at the first start"


def _store(config: "Config", problems: list[str]) -> str:
    from rota.stores import schema
    from rota.stores.database import Database

    try:
        database = Database(config.db)
        try:
            if not database.is_there:
                _can_be_made(database, problems)
                return f"{database}, will be made (schema {schema.HEAD}), SQLite {sqlite3.sqlite_version}"
            found = schema.revision(database)
            if found is not None:
                schema.require_current(database, create=False)
            return f"{database}, schema {found or 'none yet'}, {database.product()}"
        finally:
            database.close()
    except RotaError as error:
        problems.append(error.detail)
        return "unusable"


def _can_be_made(database: "Database", problems: list[str]) -> None:
    folder = Path(database.url.database or "").parent
    if not folder.is_dir():
        problems.append(f"the store's folder {folder} does not exist")
    elif not os.access(folder, os.W_OK):
        problems.append(f"the store's folder {folder} may not be written to")


def _app(module: str, problems: list[str]) -> str:
    from rota.sdk.functions import registry

    before = set(registry.names())
    try:
        registry.load([module])
    except RotaError as error:
        problems.append(error.detail)
        return f"{module}: unusable"
    return f"{module}: {', '.join(sorted(set(registry.names()) - before)) or 'no functions'}"
