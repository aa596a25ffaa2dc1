"""The schema's version, and what is refused without a byte of it being touched."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from rota.domain.errors import ConfigurationInvalid, SchemaMismatch
from rota.stores import schedule_tables, schema, tables  # noqa: F401 - in the metadata once they are imported
from rota.stores.database import Database
from rota.stores.metadata import metadata

Open = Callable[[Path | str], Database]


@pytest.fixture
def open_store() -> Iterator[Open]:
    opened: list[Database] = []

    def make(file: Path | str) -> Database:
        opened.append(Database(str(file), durable=False))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rota.db"


def sql(file: Path, *statements: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        return [row for statement in statements for row in connection.execute(statement)]
    finally:
        connection.close()


def migrated(file: Path) -> Path:
    store = Database(str(file), durable=False)
    schema.migrate(store)
    store.close()
    return file


def test_a_fresh_store_is_made_ready_once(file: Path, open_store: Open) -> None:
    store = open_store(file)
    assert schema.revision(store) is None
    schema.require_current(store, create=True)
    assert schema.revision(store) == schema.HEAD
    schema.require_current(store, create=False)
    assert schema.migrate(store) == (schema.HEAD, schema.HEAD)
    assert sql(file, "SELECT name, value FROM counters ORDER BY name") == [
        ("audit", 0),
        ("definitions", 0),
        ("limits", 0),
        ("token", 0),
    ]
    assert sql(file, "PRAGMA journal_mode") == [("wal",)]
    assert sql(file, "PRAGMA integrity_check") == [("ok",)]


def test_an_empty_store_is_not_made_ready_unasked(file: Path, open_store: Open) -> None:
    with pytest.raises(SchemaMismatch, match="rota up"):
        schema.require_current(open_store(file), create=False)
    assert not file.exists()
    file.touch()
    with pytest.raises(SchemaMismatch, match="rota migrate"):
        schema.require_current(open_store(file), create=False)


def test_the_head_is_alembics_head() -> None:
    config = Config()
    config.set_main_option("script_location", "rota.stores:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_the_tables_are_what_the_migrations_make(file: Path, open_store: Open) -> None:
    store = open_store(file)
    schema.migrate(store)
    with store.read() as tx:
        found = compare_metadata(
            MigrationContext.configure(tx.connection, opts={"compare_type": True, "compare_server_default": True}),
            metadata,
        )
    assert [change for change in found if not _is_of_an_expression_index(change)] == []


def _is_of_an_expression_index(change: object) -> bool:
    """SQLite cannot tell Alembic about indexes over expressions: the next test compares them."""
    return isinstance(change, tuple) and change[0].endswith("_index") and change[1].name in _EXPRESSIONS


_EXPRESSIONS = ("ix_executions_claimable", "ix_executions_governed")


def test_expression_indexes_are_what_the_migrations_make(file: Path, tmp_path: Path, open_store: Open) -> None:
    migrated(file)
    store = open_store(tmp_path / "tables.db")
    with store.write() as tx:
        metadata.create_all(tx.connection)
    indexes = f"SELECT sql FROM sqlite_master WHERE name IN {_EXPRESSIONS} ORDER BY name"
    assert sql(file, indexes) == sql(tmp_path / "tables.db", indexes)
    assert len(sql(file, indexes)) == len(_EXPRESSIONS)


def test_a_migration_that_fails_leaves_nothing_behind(
    file: Path, open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import command

    upgrade = command.upgrade

    def fail(config: Config, revision: str) -> None:
        upgrade(config, revision)
        raise RuntimeError("power cut")

    monkeypatch.setattr(command, "upgrade", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        schema.migrate(open_store(file))
    monkeypatch.undo()
    assert sql(file, "SELECT name FROM sqlite_master") == []
    schema.require_current(open_store(file), create=True)


class TestRefusals:
    """Each is one clear sentence, and the file stays as it is, byte for byte."""

    def refused(self, file: Path, store: Database, kind: type[ConfigurationInvalid]) -> str:
        before = file.read_bytes()
        sentences = set()
        for attempt in (
            lambda: schema.require_current(store, create=True),
            lambda: schema.require_current(store, create=False),
            lambda: schema.migrate(store),
        ):
            with pytest.raises(kind) as caught:
                attempt()
            sentences.add(caught.value.detail)
        store.close()
        assert file.read_bytes() == before
        return " ".join(sentences)

    @pytest.mark.parametrize("journal", ["delete", "wal"])
    def test_a_database_of_something_else(self, file: Path, open_store: Open, journal: str) -> None:
        sql(file, f"PRAGMA journal_mode={journal}", "CREATE TABLE invoices (id)", "INSERT INTO invoices VALUES (1)")
        sentence = self.refused(file, open_store(file), SchemaMismatch)
        assert "invoices" in sentence
        assert "--db" in sentence

    @pytest.mark.parametrize("table", ["executions", "alembic_version"])
    def test_a_database_that_looks_a_little_like_ours(self, file: Path, open_store: Open, table: str) -> None:
        sql(file, f"CREATE TABLE {table} (id)")
        assert table in self.refused(file, open_store(file), SchemaMismatch)

    @pytest.mark.parametrize("content", [b"my diary\n" * 1000, b"SQLite format 2\x00" + bytes(4096)])
    def test_a_file_that_is_no_database(self, file: Path, open_store: Open, content: bytes) -> None:
        file.write_bytes(content)
        assert "not a SQLite database" in self.refused(file, open_store(file), ConfigurationInvalid)

    def test_a_store_of_a_newer_rota(self, file: Path, open_store: Open) -> None:
        sql(migrated(file), "UPDATE alembic_version SET version_num = '9999'")
        sentence = self.refused(file, open_store(file), SchemaMismatch)
        assert "9999" in sentence
        assert "upgrade Rota" in sentence

    def test_a_store_that_may_only_be_read(self, file: Path, open_store: Open) -> None:
        sql(migrated(file), "PRAGMA journal_mode=delete")
        store = open_store(f"sqlite:///file:{file}?mode=ro&uri=true")
        before = file.read_bytes()
        with pytest.raises(ConfigurationInvalid, match="read-only"):
            schema.migrate(store)
        store.close()
        assert file.read_bytes() == before

    def test_a_folder_that_does_not_exist(self, tmp_path: Path, open_store: Open) -> None:
        with pytest.raises(ConfigurationInvalid, match="cannot be opened"):
            schema.require_current(open_store(tmp_path / "no" / "rota.db"), create=True)


def test_an_older_store_names_the_way_forward(file: Path, open_store: Open) -> None:
    sql(migrated(file), "UPDATE alembic_version SET version_num = '0000'")
    before = file.read_bytes()
    store = open_store(file)
    with pytest.raises(SchemaMismatch, match=r"older schema 0000.*backup.*rota migrate"):
        schema.require_current(store, create=True)
    store.close()
    assert file.read_bytes() == before


@pytest.mark.parametrize("url", ["", ":memory:", "sqlite://", "sqlite:///:memory:"])
def test_a_store_lives_in_a_file(url: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="file"):
        Database(url)


@pytest.mark.parametrize("url", ["oracle://u:hunter2@h/db", "://", "mssql://u:hunter2@h/db"])
def test_a_store_that_is_not_supported_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        Database(url)
    assert "hunter2" not in caught.value.detail


def test_the_limit_of_what_is_queued_is_kept_when_a_store_grows_up(
    file: Path, open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import command

    upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda config, _revision: upgrade(config, "0001"))
    schema.migrate(open_store(file))
    monkeypatch.undo()
    columns = (
        "id, type, kind, queue, priority, state, due_at, created_at, attempt, timeout, max_attempts, trigger,"
        " concurrency_key, concurrency_limit"
    )
    same = "'echo', 'python', 'default', 0, 'Pending', 1, 1, 0, 1, 1, 'manual'"
    sql(
        file,
        f"INSERT INTO executions ({columns}) VALUES ('a', {same}, 'job:7', 3), ('b', {same}, 'overlap:s', 1),"
        f" ('c', {same}, NULL, NULL)",
    )
    schema.migrate(open_store(file))
    assert sql(file, "SELECT id, lane, limits FROM executions ORDER BY id") == [
        ("a", None, '[[["job:7",3]],[]]'),
        ("b", "overlap:s", '[[["overlap:s",1]],[]]'),
        ("c", None, None),
    ]
    assert sql(file, "PRAGMA integrity_check") == [("ok",)]
