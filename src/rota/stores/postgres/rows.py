"""Rows to PostgreSQL, a batch in a step: COPY for many, one INSERT for few, and arrays written as text.

The driver adapts a list item by item in Python; an array's text is made with a few string operations for all of it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from rota.stores.columns import IS_ID

_COPY_FROM = 24
"""From this many rows on COPY is the faster way."""


def insert(tx: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Insert rows in one step."""
    if not rows:
        return
    if len(rows) < _COPY_FROM:
        tx.driver.execute(_insert_sql(table, tuple(columns), len(rows)), list(chain.from_iterable(rows)))
    else:
        _copy(tx, table, tuple(columns), zip(*rows, strict=True))


def insert_columns(tx: Any, table: str, columns: Mapping[str, Sequence[object]]) -> None:
    """Insert rows in one step, given column by column."""
    if len(next(iter(columns.values()))) < _COPY_FROM:
        insert(tx, table, tuple(columns), list(zip(*columns.values(), strict=True)))
    else:
        _copy(tx, table, tuple(columns), columns.values())


def _copy(tx: Any, table: str, names: tuple[str, ...], columns: Iterable[Sequence[object]]) -> None:
    with tx.driver.cursor() as cursor, cursor.copy(_copy_sql(table, names)) as copy:
        copy.write(_copied(columns))


@lru_cache(maxsize=512)
def _insert_sql(table: str, columns: tuple[str, ...], count: int) -> str:
    row = f"({','.join(['%s'] * len(columns))})"
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES {','.join([row] * count)}"


@lru_cache(maxsize=64)
def _copy_sql(table: str, columns: tuple[str, ...]) -> str:
    return f"COPY {table} ({','.join(columns)}) FROM STDIN"


def _copied(columns: Iterable[Sequence[object]]) -> str:
    """Columns as rows in the text format of COPY. What is the same in all of them is written out once."""
    shape, varying, count = [], [], 0
    for values in columns:
        count = len(values)
        if values.count(values[0]) == count:
            shape.append(_fields(values[:1])[0].replace("%", "%%"))
        else:
            shape.append("%s")
            varying.append(_fields(values))
    row = "\t".join(shape) + "\n"
    return "".join([row % fields for fields in zip(*varying, strict=True)]) if varying else row % () * count


def _fields(values: Sequence[object]) -> Sequence[str]:
    """The values of one column as COPY reads them."""
    if isinstance(next(filter(None, values), None), bytes):
        return ["\\N" if value is None else f"\\\\x{value.hex()}" for value in values]  # type: ignore[attr-defined]
    fields = ["\\N" if value is None else str(value) for value in values]
    if not _SPECIAL.search("".join([value for value in values if isinstance(value, str)])):
        return fields
    return [
        value.translate(_COPY_ESCAPES) if isinstance(value, str) else field
        for value, field in zip(values, fields, strict=True)
    ]


_SPECIAL = re.compile(r"[\\\t\n\r]")
_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def array(values: Iterable[object]) -> str:
    """Words and numbers that need no quotes, as the text of an array."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def id_array(values: Iterable[str]) -> str:
    """Ids as the text of an array; what cannot be one is null, which nothing equals."""
    return "{" + ",".join([value if IS_ID.fullmatch(value) else "NULL" for value in values]) + "}"


def text_array(values: Sequence[str | None]) -> str | None:
    """Any texts as the text of an array; None when all are null, which `unnest` fills up by itself."""
    if values.count(None) == len(values):
        return None
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
