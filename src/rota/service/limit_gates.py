"""The gates that limits are: a queue that rests or is full, a job's own cap, a key that is busy, a rate."""

from collections.abc import Iterator
from urllib.parse import quote

from rota.domain.instant import Instant, format_instant
from rota.domain.limits import FLEET, job_name, queue_name
from rota.service.gate import Gate
from rota.stores.standing import Standing

_KEY = "key:"


def limit_gates(standing: Standing, queue: str, job_id: str, *, due: bool) -> Iterator[Gate]:
    """Every gate, in order. What is full or used up is in the way only of what is `due`."""
    yield _paused(standing)
    yield _queue_full(standing, queue, due)
    yield _job_full(standing, job_id, due)
    yield _key_busy(standing, queue, job_id, due)
    yield _rate(standing, queue, due)


def opening(standing: Standing, now: Instant) -> Instant | None:
    """When limits let the execution start as far as time alone decides; None while a queue rests."""
    if any(record.settings.paused for record in standing.settings.values()):
        return None
    return max(standing.opens.values(), default=now)


def _paused(standing: Standing) -> Gate:
    for name, record in standing.settings.items():
        if record.settings.paused:
            note = f": {record.settings.note}" if record.settings.note else ""
            says = f"{_called(name)} was paused by {record.changed_by}{note}"
            return Gate("queuePaused", False, says, since=record.updated_at, see=_address(name))
    return Gate("queuePaused", True, "its queue is not paused")


def _queue_full(standing: Standing, queue: str, due: bool) -> Gate:
    told = []
    for name in (FLEET, queue):
        record = standing.settings.get(name)
        most = None if record is None else record.settings.max_running
        if most is None:
            continue
        count = standing.running.get(queue_name(name), 0)
        says = f"{count} of at most {most} executions run in {_called(name)}"
        if count >= most and due:
            return Gate("queueFull", False, says, see=_address(name))
        told.append(says)
    return Gate("queueFull", True, "; ".join(told) or "no limit on its queue")


def _job_full(standing: Standing, job_id: str, due: bool) -> Gate:
    most = next((most for name, most in standing.limits.caps if name == job_name(job_id)), None)
    if most is None:
        return Gate("concurrencyFull", True, "no limit on concurrent executions")
    count = standing.running.get(job_name(job_id), 0)
    says = f"{count} of at most {most} executions run"
    holder = standing.holders.get(job_name(job_id))
    return Gate("concurrencyFull", count < most or not due, says, see=_execution(holder))


def _key_busy(standing: Standing, queue: str, job_id: str, due: bool) -> Gate:
    others = {queue_name(FLEET), queue_name(queue), job_name(job_id)}
    keys = [(name, most) for name, most in standing.limits.caps if name not in others]
    for name, most in keys:
        count = standing.running.get(name, 0)
        if count >= most and due:
            holder = standing.holders.get(name)
            held = f": execution {holder} runs under it" if holder is not None else ""
            says = f"the key {name.removeprefix(_KEY)} is busy, {count} of at most {most}{held}"
            return Gate("keyBusy", False, says, see=_execution(holder))
    return Gate("keyBusy", True, "no key is busy" if keys else "no concurrency key")


def _rate(standing: Standing, queue: str, due: bool) -> Gate:
    if not standing.limits.rates:
        return Gate("rateLimited", True, "no limit on its rate")
    if not standing.opens or not due:
        return Gate("rateLimited", True, "its rate has room")
    name, until = max(standing.opens.items(), key=lambda item: item[1])
    rate = next(rate for other, rate in standing.limits.rates if other == name)
    whose = {queue_name(FLEET): _called(FLEET), queue_name(queue): _called(queue)}.get(name, "the job")
    says = f"{whose} starts {rate}: the next may start at {format_instant(until)}"
    return Gate("rateLimited", False, says, until=until)


def _called(queue: str) -> str:
    return "the whole fleet" if queue == FLEET else f"the queue {queue}"


def _address(queue: str) -> str:
    return f"/api/queues/{quote(queue, safe='*')}"


def _execution(id: str | None) -> str | None:
    return None if id is None else f"/api/executions/{id}"
