"""How a connection to PostgreSQL is bounded in time. Nothing here needs SQLAlchemy: the guard process uses it too.

Every bound is shorter than the default lease less its margin, so that a call that hangs cannot outlive the trust in a
lease. `statement_timeout` alone is not enough: when the other end is gone without a word, only the bounds of TCP help.
"""

from urllib.parse import urlsplit, urlunsplit

CHANNEL = "rota"
"""The channel of LISTEN and NOTIFY."""


_PLANNING = {"plan_cache_mode": "force_custom_plan", "enable_bitmapscan": "off", "jit": "off"}
"""The live table changes faster than its statistics, so plans must not depend on them.

A plan made for any array, or for a table that was empty then, is kept and joins 500 rows with 500 rows in a loop. A
bitmap scan reads all that waits to sort out a batch, and passes over dead entries of an index without marking them.
"""


def connect_arguments(*, durable: bool = True, transaction_idle_seconds: float = 15) -> dict[str, object]:
    """What libpq is told besides where to connect."""
    settings = {
        "statement_timeout": "10s",
        "lock_timeout": "8s",
        "idle_in_transaction_session_timeout": f"{round(transaction_idle_seconds * 1000)}ms",
        "TimeZone": "UTC",
        **_PLANNING,
        **({} if durable else {"synchronous_commit": "off"}),
    }
    return {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "application_name": "rota",
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
    }


def plain(url: str) -> str:
    """The URL as libpq reads it: without the name of SQLAlchemy's driver."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme="postgresql"))
