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
from typing import Any

from rota.processes import kill_marked
from rota.stores.hearts import Heart, open_heart

_LEAST_RETRY_SECONDS = 0.25
_STDIN = 0


def main() -> int:
    """Beat until the worker says goodbye or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    heard = b""
    while b"\n" not in heard:
        heard += os.read(_STDIN, 65536) or b"\n"
    first, _, rest = heard.partition(b"\n")
    return Guard(json.loads(first), rest).watch()


class Guard:
    """Beats for one worker, as long as that worker shows that it lives."""

    def __init__(self, orders: dict[str, Any], rest: bytes) -> None:
        self._worker_id: str = orders["worker"]
        self._interval: float = orders["heartbeat"]
        self._lease: float = orders["lease"]
        self._heart = _heart(orders)
        self._parent = os.getppid()
        self._rest = rest
        self._over = False
        self._turned_at = time.monotonic()
        self._may_block_until = 0.0

    def watch(self) -> int:
        """Beat until the worker says goodbye or is gone.

        The first beat comes at once: it makes the connection that is kept for this, before others take the last one.
        """
        if (word := self._heed(b"")) is not None:  # what was said while this process started
            return _worker_ended(word, self._heart, self._worker_id)
        trusted_until = time.monotonic() + self._lease
        beat_at = time.monotonic()
        while True:
            readable, _, _ = select.select([_STDIN], [], [], max(0.0, beat_at - time.monotonic()))
            if readable:
                word = self._hear()
                if word is not None:
                    return _worker_ended(word, self._heart, self._worker_id)
                continue
            started = time.monotonic()
            if not self._worker_lives(started):
                beat_at = started + self._interval
                continue
            try:
                alive = self._heart.beat()
            except Exception:
                beat_at = started + max(_LEAST_RETRY_SECONDS, min(self._interval, (trusted_until - started) / 2))
                continue
            trusted_until, beat_at = started + self._lease, started + self._interval
            try:
                print(f"{'beat' if alive else 'lost'} {started}", flush=True)  # noqa: T201
            except BrokenPipeError:
                return _worker_ended(b"", self._heart, self._worker_id)

    def _hear(self) -> bytes | None:
        """Take in what the worker says. Its last word when it has ended: `bye`, or nothing when it died."""
        heard = os.read(_STDIN, 65536)
        return b"" if not heard else self._heed(heard)

    def _heed(self, heard: bytes) -> bytes | None:
        *lines, self._rest = (self._rest + heard).split(b"\n")
        for line in lines:
            word, _, until = line.partition(b" ")
            if word == b"bye":
                return word
            if word == b"pulse":
                self._turned_at, self._may_block_until = time.monotonic(), float(until)
            self._over = self._over or word == b"over"
        return None

    def _worker_lives(self, now: float) -> bool:
        """A worker that is frozen (SIGSTOP), that gave up its lease, or whose event loop has been blocked beyond every
        timeout of what it runs, keeps its lease no longer."""
        blocked = now > max(self._turned_at + self._lease, self._may_block_until)
        return not (self._over or blocked or _is_stopped(self._parent))


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


def _heart(orders: dict[str, Any]) -> Heart:
    """Over HTTP where there are coordinators to ask, else in the store."""
    if "coordinators" in orders:
        from rota.client.heart import HttpHeart  # a guard of the store does without HTTP, and starts sooner

        return HttpHeart(orders["coordinators"], orders["token"], orders["worker"], orders["heartbeat"])
    return open_heart(orders["url"], orders["worker"], round(orders["lease"] * 1_000_000))


def _is_stopped(pid: int) -> bool:
    """Whether the process is frozen (SIGSTOP)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
