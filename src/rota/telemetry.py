"""What happened, as log lines and counters. Nobody else formats logs.

`plain` writes one calm line a happening for people, `json` one ECS document a line for machines, `quiet` only
warnings and errors.
"""

import json
import logging
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from rota.domain.execution import AttemptState, Claim, Settlement, State
from rota.domain.instant import SECOND, Instant
from rota.version import __version__

logger = logging.getLogger("rota")

_LINES_PER_BATCH = 20
_SAY_AGAIN_SECONDS = 10.0
_SYMBOLS = {
    State.SUCCEEDED: "✓",
    State.FAILED: "✗",
    State.RETRYING: "↻",
    State.CANCELLED: "■",
    State.PENDING: "…",
    State.SCHEDULED: "…",
}


def configure(style: Literal["plain", "json", "quiet"]) -> None:
    """Send log lines to standard error in the chosen style."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Ecs() if style == "json" else _Plain())
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING if style == "quiet" else logging.INFO)


class Telemetry:
    """Takes what happens. Safe to call from any thread; never raises and never waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._store_down = False
        self._say_again_at = 0.0
        self.counters: dict[str, int] = {}

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter."""
        with self._lock:
            self.counters[name] = self.counters.get(name, 0) + by

    def settled(self, settled: Sequence[tuple[Settlement, Claim]], now: Instant) -> None:
        """Attempts ended and were written."""
        self._store_answers()
        if not settled:
            return
        self.count("settled", len(settled))
        if len(settled) > _LINES_PER_BATCH:
            failed = sum(1 for item, _ in settled if item.state in (State.FAILED, State.RETRYING))
            logger.info("%d attempts ended, %d of them failed", len(settled), failed)
            return
        for item, claim in settled:
            took = (now - claim.started_at) / SECOND
            logger.info(
                "%s %-10s %s  attempt %d, %s%s",
                _SYMBOLS.get(item.state, "·"),
                "Lost" if item.attempt_state is AttemptState.LOST else item.state.value,
                claim.name or claim.type,
                claim.attempt,
                _duration(took),
                f": {item.error.splitlines()[0][:200]}" if item.error else "",
                extra={
                    "rota": {"execution": claim.id, "job": claim.job_id, "duration": took, "state": item.state.value}
                },
            )

    def refused(self, settlements: Sequence[Settlement]) -> None:
        """Outcomes came with a stale token: the lease was lost, nothing was written."""
        for item in settlements:
            self.count("refused")
            logger.warning("the outcome of %s was refused: its lease was lost", item.execution_id)

    def fired(self, count: int, skipped: int) -> None:
        """Schedules fired, or were skipped with a reason."""
        self._store_answers()
        self.count("fired", count)
        self.count("skipped", skipped)

    def rescued(self, count: int, dead_workers: Sequence[str]) -> None:
        """Leases ran out."""
        for worker in dead_workers:
            logger.warning("worker %s is dead: its lease ran out", worker)
        if count:
            self.count("rescued", count)
            logger.warning("%d attempts were lost with their worker and are taken up again", count)

    def lease_lost(self, worker_id: str, running: int) -> None:
        """This worker no longer owns its work."""
        logger.error("worker %s lost its lease; stopping %d running attempts", worker_id, running)

    def abandoned(self, claim: Claim) -> None:
        """Work that can neither be stopped nor killed was given up."""
        self.count("abandoned")
        logger.error(
            "%s (%s) neither stopped nor could be killed; it was given up and may still run", claim.id, claim.type
        )

    def store_unavailable(self, error: Exception) -> None:
        """The store does not answer. Said at once and then every ten seconds, until it answers again."""
        now = time.monotonic()
        with self._lock:
            said, self._store_down = self._store_down, True
            if said and now < self._say_again_at:
                return
            self._say_again_at = now + _SAY_AGAIN_SECONDS
        logger.error("%s; %s", error, "still waiting for it" if said else "waiting for it")

    def audit_tampered(self, seq: int) -> None:
        """An entry of the audit was not written by Rota."""
        self.count("audit_tampered")
        logger.error("entry %d of the audit was not written by Rota, or changed since; see `rota audit verify`", seq)

    def audit_cut_off(self, seq: int) -> None:
        """The chain of the audit no longer has what it had."""
        self.count("audit_cut_off")
        logger.error("the audit no longer has entry %d as it was linked: its end was taken away or written anew", seq)

    def loop_failed(self, name: str, error: BaseException) -> None:
        """A loop's step raised; it goes on."""
        self.count(f"loop_{name}_failed")
        logger.error("the %s stumbled and goes on: %s: %s", name, type(error).__name__, error, exc_info=error)

    def _store_answers(self) -> None:
        if self._store_down:
            with self._lock:
                self._store_down = False
            logger.info("the store answers again")


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        return f"{datetime.now().astimezone():%H:%M:%S} {level}{record.getMessage()}"


class _Ecs(logging.Formatter):
    """One document a line in the Elastic Common Schema 8."""

    def format(self, record: logging.LogRecord) -> str:
        document = {
            "@timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "log.level": record.levelname.lower(),
            "message": record.getMessage(),
            "ecs.version": "8.11",
            "service.name": "rota",
            "service.version": __version__,
        }
        document.update({f"labels.{key}": value for key, value in getattr(record, "rota", {}).items()})
        if record.exc_info:
            document["error.stack_trace"] = self.formatException(record.exc_info)
        return json.dumps(document, default=str)
