"""How executions of the demo fail: families of errors with varying numbers and ids, and incidents."""

from dataclasses import dataclass
from random import Random

from rota.domain.instant import DAY, HOUR, Instant
from rota.testing.demo.blueprints import Blueprint
from rota.testing.demo.size import Size

_HOSTS = ("db-1.internal", "db-2.internal", "warehouse.internal", "cache-3.internal")


@dataclass(frozen=True, slots=True)
class ErrorFamily:
    """Errors of one cause: the same words and frames, other numbers."""

    name: str
    kinds: tuple[str, ...]
    """The executor kinds that fail like this."""
    template: str
    frames: tuple[tuple[str, int, str, str], ...] = ()
    """File, line, function and source of each frame."""
    transient: bool = True

    def message(self, random: Random) -> str:
        """What one of them says."""
        return self.template.format(
            host=random.choice(_HOSTS),
            id=f"{random.getrandbits(128):032x}",
            key=random.randrange(10_000, 9_999_999),
            ms=random.randrange(5_000, 31_000),
            n=random.randrange(1, 500),
            status=random.choice((502, 503, 504)),
        )

    def stack(self, random: Random, error: str) -> str | None:
        """The traceback; lines move a little with releases."""
        if not self.frames:
            return None
        shift = random.choice((0, 0, 0, 4))
        lines = ["Traceback (most recent call last):"]
        for file, line, function, source in self.frames:
            lines += [f'  File "/srv/app/{file}", line {line + shift}, in {function}', f"    {source}"]
        return "\n".join([*lines, error])


FAMILIES = (
    ErrorFamily(
        "connection", ("python",),
        "OperationalError: connection to server at \"{host}\", port 5432 failed: timeout expired after {ms} ms",
        (("etl/warehouse.py", 88, "load", "with connect(target) as session:"), ("etl/sessions.py", 41, "connect", "return pool.acquire(timeout=30)")),
    ),
    ErrorFamily(
        "deadlock", ("python",),
        "DeadlockDetected: process {n} waits for ShareLock on transaction {key}; blocked by process {n}",
        (("etl/merge.py", 132, "merge", "session.execute(statement, rows)"), ("etl/sessions.py", 97, "execute", "return self._cursor.execute(statement, rows)")),
    ),
    ErrorFamily(
        "duplicate", ("python",),
        "UniqueViolation: duplicate key value violates unique constraint \"orders_pkey\": Key (id)=({key}) already exists.",
        (("etl/merge.py", 118, "upsert", "session.execute(INSERT, batch)"), ("etl/sessions.py", 97, "execute", "return self._cursor.execute(statement, rows)")),
        transient=False,
    ),
    ErrorFamily(
        "field", ("python",),
        "KeyError: 'customer_id' in record {key}",
        (("etl/records.py", 57, "parse", "customer = row['customer_id']"),),
        transient=False,
    ),
    ErrorFamily(
        "value", ("python",),
        "ValueError: could not convert string to float: 'n/a' (line {key} of export-{id}.csv)",
        (("reports/tables.py", 203, "totals", "return sum(float(cell) for cell in column)"), ("reports/tables.py", 203, "<genexpr>", "return sum(float(cell) for cell in column)")),
        transient=False,
    ),
    ErrorFamily(
        "memory", ("python",),
        "SparkException: Job aborted: Task {n} in stage {n}.0 failed 4 times: executor lost: OutOfMemoryError: Java heap space",
        (("spark/driver.py", 312, "run", "result = session.sql(plan).collect()"),),
    ),
    ErrorFamily("timeout", ("python", "http", "script"), "timed out after {n} s"),
    ErrorFamily("unavailable", ("http",), "HTTP {status}: upstream connect error, request {id}"),
    ErrorFamily("limited", ("http",), "HTTP 429: rate limit exceeded, retry after {n} s"),
    ErrorFamily("refused", ("http",), "HTTP 401: token {id} has expired", transient=False),
    ErrorFamily("reset", ("http",), "ConnectError: connection reset by peer after {ms} ms"),
    ErrorFamily("status", ("script",), "exit status 1: rm: cannot remove '/var/tmp/job-{id}': Device or resource busy"),
)  # fmt: skip
_BY_KIND = {kind: [one for one in FAMILIES if kind in one.kinds] for kind in ("python", "http", "script")}
_BY_NAME = {family.name: family for family in FAMILIES}


@dataclass(frozen=True, slots=True)
class Incident:
    """A time in which nearly everything of a team, or of one job, failed alike."""

    starts: Instant
    ends: Instant
    family: ErrorFamily
    team: str | None = None
    job: str | None = None

    def concerns(self, blueprint: Blueprint) -> bool:
        """Whether the job was hit."""
        return blueprint.name == self.job or blueprint.team.name == self.team


def incidents(size: Size, jobs: list[Blueprint], now: Instant) -> list[Incident]:
    """Some times of two hours in which a team failed, and a job that fails since yesterday."""
    random = size.random("incidents")
    found = []
    for team, name, days_ago in (
        ("crm", "unavailable", size.days * 0.6),
        ("data-platform", "connection", size.days * 0.2),
        ("logistics", "connection", 2.3),
    ):
        starts = now - int(min(days_ago, size.days - 1) * DAY) + random.randrange(6 * HOUR)
        found.append(Incident(starts, starts + 2 * HOUR, _BY_NAME[name], team=team))
    frequent = [one for one in jobs if one.rhythm == "hourly" and one.family.kind == "python"]
    yesterday = now - now % DAY - 9 * HOUR
    return [*found, Incident(yesterday, now, _BY_NAME["field"], job=random.choice(frequent).name)]


def usual_family(blueprint: Blueprint, random: Random) -> ErrorFamily:
    """How a job fails on an ordinary day: mostly in its own way."""
    kind = _BY_KIND[blueprint.family.kind]
    own = kind[sum(map(ord, blueprint.name)) % len(kind)]
    return own if random.random() < 0.75 else random.choice(kind)
