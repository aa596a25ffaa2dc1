"""What columns hold, alike on every database."""

import json
import re
from typing import Any

from sqlalchemy import CHAR, BigInteger, Dialect, Integer, LargeBinary, String, Text, TypeDecorator
from sqlalchemy import Uuid as _Uuid
from sqlalchemy.dialects.mysql import VARBINARY
from sqlalchemy.types import TypeEngine


class _Id(TypeDecorator[str]):
    """UUIDv7 as text: in time order, so that keys are appended and lists page by id.

    A text that is no UUID is nobody's id, on every database: where the column takes UUIDs only, it is asked for as the
    nil UUID, which nothing has.
    """

    impl = _Uuid(as_uuid=False)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """A type of its own where there is one, else text."""
        native = dialect.name == "postgresql"
        return dialect.type_descriptor(_Uuid(as_uuid=False) if native else CHAR(36))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What is sent to the database."""
        if value is None or dialect.name != "postgresql" or IS_ID.fullmatch(value):
            return value
        return NOBODY


IS_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
NOBODY = "00000000-0000-0000-0000-000000000000"
Id = _Id()

Moment = BigInteger().with_variant(Integer, "sqlite")
Number = BigInteger().with_variant(Integer, "sqlite")
Name = String(200)
Json = Text()
Digest = LargeBinary(32).with_variant(VARBINARY(32), "mysql", "mariadb")
"""A SHA-256."""
Seal = LargeBinary(48).with_variant(VARBINARY(48), "mysql", "mariadb")
"""A nonce and an HMAC-SHA-256."""

compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False, allow_nan=False).encode
"""A value as the JSON that a column holds. ValueError for what JSON has no word for."""
