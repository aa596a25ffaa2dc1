"""What MariaDB and MySQL do in their own words: the `Dialect` of `rota.stores.base`."""

from rota.stores.mysql.connection import (
    ONE_WRITER,
    DriverError,
    begin,
    broken,
    commit,
    engine,
    in_transaction,
    listen,
    lock_schema,
    notify,
    product,
    roll_back,
    serialise,
    translated,
)
from rota.stores.mysql.planning import (
    advance_schedules,
    due_schedules,
    hold_schedules,
    live_in_lanes,
    live_of_schedules,
)
from rota.stores.mysql.rows import insert, insert_columns
from rota.stores.mysql.settling import settle, settled_ids
from rota.stores.mysql.work import append_logs, cancelling, claim, governed, lease, look, next_due, promote

__all__ = [
    "ONE_WRITER",
    "DriverError",
    "advance_schedules",
    "append_logs",
    "begin",
    "broken",
    "cancelling",
    "claim",
    "commit",
    "due_schedules",
    "engine",
    "governed",
    "hold_schedules",
    "in_transaction",
    "insert",
    "insert_columns",
    "lease",
    "listen",
    "live_in_lanes",
    "live_of_schedules",
    "lock_schema",
    "look",
    "next_due",
    "notify",
    "product",
    "promote",
    "roll_back",
    "serialise",
    "settle",
    "settled_ids",
    "translated",
]
