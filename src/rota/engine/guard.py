"""The guard: a small process beside every worker that runs no user code.

It beats for the worker, so that neither a blocked event loop nor a held interpreter lock costs a lease. When the
worker dies, it ends whatever the worker had started, then ends the worker's lease, so that the work is taken up at
once instead of when the lease runs out. Run as `python -m rota.engine.guard`; it reads its orders as one line of JSON
and answers each beat with one line.
"""

import json
import os
import select
import signal
import sys
import time
from pathlib import Path

from rota.processes import kill_marked
from rota.stores.beat import Heart

_LEAST_RETRY_SECONDS = 0.25


def main() -> int:
    """Beat until the worker says goodbye or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    orders = json.loads(sys.stdin.buffer.readline())
    worker_id, interval, lease = orders["worker"], orders["heartbeat"], orders["lease"]
    heart = Heart(orders["url"], worker_id, round(lease * 1_000_000))
    parent = os.getppid()
    trusted_until = time.monotonic() + lease
    wait = interval
    while True:
        readable, _, _ = select.select([sys.stdin], [], [], wait)
        if readable:
            return _worker_ended(sys.stdin.buffer.readline(), heart, worker_id)
        if _is_stopped(parent):
            wait = interval
            continue
        started = time.monotonic()
        try:
            alive = heart.beat()
        except Exception:
            wait = max(_LEAST_RETRY_SECONDS, min(interval, (trusted_until - started) / 2))
            continue
        trusted_until, wait = started + lease, interval
        try:
            print(f"{'beat' if alive else 'lost'} {started}", flush=True)  # noqa: T201
        except BrokenPipeError:
            return _worker_ended(b"", heart, worker_id)


def _worker_ended(word: bytes, heart: Heart, worker_id: str) -> int:
    """After `bye` there is nothing to do; without it, the worker died."""
    if word.strip() == b"bye":
        return 0
    kill_marked(f"ROTA_WORKER={worker_id}")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            heart.bury()
        except Exception:
            time.sleep(_LEAST_RETRY_SECONDS)
        else:
            return 0
    return 1


def _is_stopped(pid: int) -> bool:
    """Whether the worker is frozen (SIGSTOP): then it must not keep its lease."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
