"""Whether there is a worker for it, and whether it has room, as `rota why` tells it."""

from collections.abc import Iterator, Sequence

from rota.service.gate import Gate
from rota.stores import workers
from rota.stores.database import Transaction
from rota.stores.workers import WorkerRecord

_WORKERS = "/api/workers"
_MOST_WORKERS = 500


def serving(tx: Transaction) -> list[WorkerRecord]:
    """The workers that take work now, the newest 500 of them."""
    return workers.page(tx, before=None, limit=_MOST_WORKERS, states=(workers.ALIVE,))


def _able(found: Sequence[WorkerRecord], *, type: str, kind: str, queue: str) -> list[WorkerRecord]:
    """The workers that take this type from this queue."""
    return [one for one in found if _offers(one, type, kind) and (not one.queues or queue in one.queues)]


def worker_gates(found: Sequence[WorkerRecord], *, type: str, kind: str, queue: str, due: bool) -> Iterator[Gate]:
    """Both gates. Taken slots are in the way only of what is `due`."""
    fit = _able(found, type=type, kind=kind, queue=queue)
    yield _offered(found, fit, type, kind, queue)
    free = sum(max(0, worker.capacity - worker.running) for worker in fit)
    total = sum(worker.capacity for worker in fit)
    if free or not fit or not due:
        yield Gate("workersFull", True, f"{free} of {total} slots are free")
    else:
        yield Gate("workersFull", False, f"all {total} slots are taken", see=_WORKERS)


def _offered(found: Sequence[WorkerRecord], fit: Sequence[WorkerRecord], type: str, kind: str, queue: str) -> Gate:
    shown = type if kind == "python" else kind
    if fit:
        return Gate("noWorkerFor", True, f"{len(fit)} of {len(found)} workers take it")
    if not found:
        return Gate("noWorkerFor", False, f"no worker offers this type ({shown}): none is connected", see=_WORKERS)
    if not any(_offers(worker, type, kind) for worker in found):
        return Gate("noWorkerFor", False, f"no worker offers this type ({shown})", see=_WORKERS)
    says = f"no worker that offers this type ({shown}) serves the queue {queue}"
    return Gate("noWorkerFor", False, says, see=_WORKERS)


def _offers(worker: WorkerRecord, type: str, kind: str) -> bool:
    return worker.types is None or (type if kind == "python" else kind) in worker.types
