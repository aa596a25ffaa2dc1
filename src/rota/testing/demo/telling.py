"""What the newest executions of the demo have written and caused: log lines, one very big log, and events."""

import json
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from rota.domain.instant import DAY, SECOND, Instant
from rota.testing.demo.past import Ended

Row = tuple[Any, ...]

LOGS = ("execution_id", "token", "line", "at", "stream", "text")
EVENTS = ("at", "kind", "execution_id", "job_id", "data")
_STEPS = (
    "connected to {host} in {ms} ms",
    "batch written number={n} rows={rows}",
    "read {rows} rows from source in {ms} ms",
    "level=debug cache hit ratio=0.{ms}",
    "checkpoint saved offset={rows}",
    "level=warning slow statement took {ms} ms",
)
_BIG = (
    "INFO TaskSetManager: Finished task {n}.0 in stage {stage}.0 (TID {n}) in {ms} ms on executor-{host} (executor {host})"
    " ({n}/{rows}) shuffle read {rows} bytes, spilled {ms} KB to disk, gc {host} ms",
    "INFO ShuffleBlockFetcherIterator: Getting {n} non-empty blocks including {host} local and {ms} remote blocks, {rows} bytes",
    "WARN MemoryStore: Not enough space to cache rdd_{stage}_{n} in memory! (computed {rows} bytes so far)",
    "DEBUG CodeGenerator: Code generated in {ms} ms for stage {stage}: hashAgg_doAggregateWithKeys_{host} on partition {n}",
)
_MOST_LINES = 22


def lines(ended: Iterable[Ended], random: Random) -> Iterator[Row]:
    """A few lines of every execution that has run."""
    for one in ended:
        if one.token is not None:
            yield from _lines(one, random)


def _lines(one: Ended, random: Random) -> Iterator[Row]:
    id, begun, ended = one["id"], one["started_at"], one["finished_at"]
    count = random.randrange(4, _MOST_LINES)
    stream = "stdout" if one["kind"] == "script" else "log"
    texts = [_said(random.choice(_STEPS), random) for _ in range(count)]
    texts[0] = f"starting {one['name'] or one['type']} attempt={one['attempt']}"
    if one["state"] == "Failed":
        texts += ["level=error giving up", *(one["stack"] or one["error"] or "").split("\n")]
    else:
        texts.append(f"done in {(ended - begun) / SECOND:.1f} s")
    for number, text in enumerate(texts, 1):
        at = begun + (ended - begun) * number // (len(texts) + 1)
        yield (id, one.token, number, at, "stderr" if "level=error" in text and stream == "stdout" else stream, text)


def _said(template: str, random: Random) -> str:
    return template.format(
        host=random.randrange(1, 40),
        ms=random.randrange(3, 900),
        n=random.randrange(1, 800),
        rows=random.randrange(90_000),
    )


def big_log(one: Ended, size: int, random: Random) -> Iterator[Row]:
    """So many bytes of lines of one execution."""
    id, begun, took = one["id"], one["started_at"], one["finished_at"] - one["started_at"]
    number = written = 0
    while written < size:
        number += 1
        text = _BIG[number % 11 % len(_BIG)].format(
            host=number % 37,
            ms=random.randrange(900),
            n=number % 4000,
            rows=random.randrange(9_000_000),
            stage=number // 4000,
        )
        yield (id, one.token, number, begun + took * written // size, "log", text)
        written += len(text) + 1


def events(ended: Iterable[Ended], now: Instant) -> Iterator[Row]:
    """What was told of the executions of the last day; older events are not kept anyway."""
    for one in ended:
        if one["created_at"] < now - DAY:
            continue
        id, job_id, told = (
            one["id"],
            one["job_id"],
            {"type": one["type"], "attempt": one["attempt"], "token": one.token},
        )
        accepted = {"count": 1, "last": id, "trigger": one["trigger"]}
        yield (one["created_at"], "execution.accepted", id, job_id, compact(accepted))
        if one.token is not None:
            started = {**told, "state": "Running", "workerId": one["worker_id"]}
            yield (one["started_at"], "execution.started", id, job_id, compact(started))
        kind = f"execution.{one['state'].lower()}"
        yield (one["finished_at"], kind, id, job_id, compact({**told, "state": one["state"], "error": one["error"]}))


def compact(document: dict[str, Any]) -> str:
    """As stored."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
