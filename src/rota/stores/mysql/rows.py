"""Rows to and from MariaDB and MySQL, a batch in a step."""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pymysql.cursors import Cursor


def run(tx: Any, sql: str, parameters: Sequence[object] = ()) -> int:
    """Run a statement; how many rows it found."""
    with tx.driver.cursor(Cursor) as cursor:
        return int(cursor.execute(sql, tuple(parameters)))


def rows(tx: Any, sql: str, parameters: Sequence[object] = ()) -> Sequence[tuple[Any, ...]]:
    """The rows of a statement."""
    with tx.driver.cursor(Cursor) as cursor:
        cursor.execute(sql, tuple(parameters))
        found: Sequence[tuple[Any, ...]] = cursor.fetchall()
        return found


def insert(tx: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Insert rows: one INSERT for each megabyte of them."""
    insert_or(tx, table, columns, rows, "")


def insert_columns(tx: Any, table: str, columns: Mapping[str, Sequence[object]]) -> None:
    """The same, given column by column."""
    insert(tx, table, tuple(columns), list(zip(*columns.values(), strict=True)))


def insert_or(tx: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], otherwise: str) -> None:
    """Insert rows, with what is to be done where one is there already."""
    if rows:
        with tx.driver.cursor(Cursor) as cursor:
            cursor.executemany(_insert_sql(table, tuple(columns)) + otherwise, rows)


@lru_cache(maxsize=128)
def _insert_sql(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f"`{name}`" for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))}) "


def marks(values: Collection[object]) -> str:
    """As many places for parameters as there are values."""
    return ", ".join(["%s"] * len(values))


def as_table(rows: Sequence[Sequence[object]]) -> str:
    """Rows as the one parameter that JSON_TABLE reads."""
    return json.dumps(rows, ensure_ascii=False)


def given(*columns: str) -> str:
    """The rows of a parameter as a table called `given`, each column as its name and type."""
    read = ", ".join(f"{column} PATH '$[{place}]'" for place, column in enumerate(columns))
    return f"JSON_TABLE(%s, '$[*]' COLUMNS ({read})) AS given"
