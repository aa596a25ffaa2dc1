"""What SQLite does in its own words: the `HotStatements` of `rota.stores.base`, and how to connect."""

from rota.stores.sqlite.connection import DriverError, begin, insert, prepare, translated
from rota.stores.sqlite.planning import advance_schedules, due_schedules, live_of_schedules, live_under_keys
from rota.stores.sqlite.work import (
    append_logs,
    cancelling,
    claim,
    governed,
    lease,
    next_due,
    promote,
    settle,
    settled_ids,
)

__all__ = [
    "DriverError",
    "advance_schedules",
    "append_logs",
    "begin",
    "cancelling",
    "claim",
    "due_schedules",
    "governed",
    "insert",
    "lease",
    "live_of_schedules",
    "live_under_keys",
    "next_due",
    "prepare",
    "promote",
    "settle",
    "settled_ids",
    "translated",
]
