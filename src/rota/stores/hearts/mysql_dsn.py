"""How a connection to MariaDB or MySQL is bounded in time. Nothing here needs SQLAlchemy: the guard process uses it too.

Every bound is shorter than the default lease less its margin, so that a call that hangs cannot outlive the trust in a
lease.
"""

from urllib.parse import parse_qs, unquote, urlsplit

from pymysql.constants import CLIENT

_SESSION = (
    "SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 8,"
    " sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO'"
    " /*M!100200 , max_statement_time = 10, idle_transaction_timeout = {idle} */"
)
"""What stands behind `M!` only MariaDB reads."""


def connect_arguments(*, transaction_idle_seconds: float = 15) -> dict[str, object]:
    """What PyMySQL is told besides where to connect. The bound of an idle transaction has whole seconds, one at least.

    Rows found count, not rows changed: an update that changes nothing has found its row. Several statements go out in
    one message, so that a transaction begins in one round trip.
    """
    return {
        "connect_timeout": 5,
        "read_timeout": 10,
        "write_timeout": 10,
        "charset": "utf8mb4",
        "collation": "utf8mb4_bin",
        "client_flag": CLIENT.FOUND_ROWS | CLIENT.MULTI_STATEMENTS,
        "init_command": _SESSION.format(idle=max(1, int(transaction_idle_seconds))),
        "program_name": "rota",
    }


def address(url: str) -> dict[str, object]:
    """Where to connect, out of the URL of a store."""
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    found: dict[str, object] = {
        "host": parts.hostname or "localhost",
        "port": parts.port or 3306,
        "user": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.lstrip("/")),
    }
    if "unix_socket" in options:
        found["unix_socket"] = options["unix_socket"]
    if secure := {name.removeprefix("ssl_"): options[name] for name in _SECURE if name in options}:
        found["ssl"] = secure
    return found


_SECURE = ("ssl_ca", "ssl_cert", "ssl_key")
