"""What SQLite does in its own words: the `Dialect` of `rota.stores.base`."""

from rota.stores.sqlite.connection import (
    ONE_WRITER,
    DriverError,
    begin,
    broken,
    commit,
    engine,
    in_transaction,
    insert,
    listen,
    lock_schema,
    notify,
    roll_back,
    serialise,
    translated,
)
from rota.stores.sqlite.planning import (
    advance_schedules,
    due_schedules,
    hold_schedules,
    live_in_lanes,
    live_of_schedules,
)
from rota.stores.sqlite.standing import append_logs, cancelling, governed, next_due, promote
from rota.stores.sqlite.work import claim, lease, look, settle, settled_ids

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
    "lease",
    "listen",
    "live_in_lanes",
    "live_of_schedules",
    "lock_schema",
    "look",
    "next_due",
    "notify",
    "promote",
    "roll_back",
    "serialise",
    "settle",
    "settled_ids",
    "translated",
]
