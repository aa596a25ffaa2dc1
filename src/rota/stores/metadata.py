"""What all tables belong to, and what their indexes have in common."""

from typing import Any

from sqlalchemy import MetaData, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def where(condition: str) -> dict[str, Any]:
    """That an index holds only some rows, where the database can do that."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
