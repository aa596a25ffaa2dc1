"""The worker's end of its guard: how long it may trust its lease."""

import asyncio
import json
import math
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from rota.config import LeaseConfig

_GUARD_ANSWERS_WITHIN_SECONDS = 5.0
_UNTOLD_SECONDS = 1.0
"""How much later timeouts may be than the guard was told: less than the grace that `longest` has in it."""


class Heartbeat:
    """Keeps a guard process running and knows until when the lease may be trusted (monotonic seconds).

    A worker trusts itself until the start of its last successful beat plus L minus M (River's rule): then its work
    has ended before anybody else can begin it.
    """

    def __init__(
        self,
        heart: Mapping[str, Any],
        worker_id: str,
        lease: LeaseConfig,
        longest: Callable[[], float],
        on_beat: Callable[[], None],
        on_over: Callable[[], None],
    ) -> None:
        """`heart` is what the guard must know to beat. `longest` tells until when the event loop may be blocked: every
        timeout that now runs is over then (monotonic seconds). `on_beat` is called on the event loop after each word of
        the guard, `on_over` once when the trust is over.
        """
        beats = {"worker": worker_id, "heartbeat": lease.heartbeat_seconds, "lease": lease.seconds}
        self._orders = {**heart, **beats}
        self._trust = lease.seconds - lease.margin_seconds
        self._longest = longest
        self._on_beat = on_beat
        self._on_over = on_over
        self._interval = lease.heartbeat_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self.convicted = False
        """The store says that this worker is dead: nothing that it holds is its own any more."""
        self._over = False
        """The trust was over once. A beat that is answered later brings it not back: all work was told to end, and the
        guard beats no more."""
        self.trusted_until = 0.0
        self._told = -math.inf

    def start(self, registered: float) -> None:
        """Start the guard. `registered` is the monotonic time just before the worker was registered."""
        self.trusted_until = registered + self._trust
        self._spawn()
        self._pulse()

    def _pulse(self) -> None:
        """Show the guard that the event loop turns, and see whether the trust is over, whatever the worker waits for."""
        self._tell(self._longest())
        if not self.trusts():
            self._over = True
            self._say("over")
            self._on_over()
            return
        wait = min(self._interval / 2, max(self.trusted_until - time.monotonic(), 0.01))
        self._timer = asyncio.get_running_loop().call_later(wait, self._pulse)

    def begun(self) -> None:
        """Work was begun that has not had its turn: the guard must know of its timeout before it may block the loop."""
        until = self._longest()
        if until > self._told + _UNTOLD_SECONDS:
            self._tell(until)

    def _tell(self, until: float) -> None:
        self._told = until
        self._say(f"pulse {until}")

    def _say(self, words: str) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            with suppress(BrokenPipeError):
                self._guard.stdin.write(words.encode() + b"\n")
                self._guard.stdin.flush()

    def _spawn(self) -> None:
        self._guard = guard = subprocess.Popen(
            [sys.executable, "-m", "rota.engine.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert guard.stdin is not None
        assert guard.stdout is not None
        guard.stdin.write(json.dumps(self._orders).encode() + b"\n")
        guard.stdin.flush()
        asyncio.get_running_loop().add_reader(guard.stdout, self._heard)

    def _heard(self) -> None:
        assert self._guard is not None
        assert self._guard.stdout is not None
        heard = self._guard.stdout.read1(4096)  # type: ignore[attr-defined]
        if not heard:
            self._replace()
            return
        *lines, self._rest = (self._rest + heard).split(b"\n")
        for line in lines:
            word, _, started = line.partition(b" ")
            if word == b"beat":
                self.trusted_until = max(self.trusted_until, float(started) + self._trust)
            else:
                self.convicted = True
        self._on_beat()

    def _replace(self) -> None:
        """The guard died: take another at once; the trust goes on counting down meanwhile."""
        self._close()
        self._rest = b""
        self._spawn()

    def trusts(self) -> bool:
        """Whether the lease is still this worker's by its own reckoning.

        Before it is given up, what the guard said while the event loop was blocked is heard.
        """
        while not self._over and time.monotonic() >= self.trusted_until and self._speaks():
            self._heard()
        return not (self.convicted or self._over) and time.monotonic() < self.trusted_until

    def _speaks(self) -> bool:
        said = self._guard.stdout if self._guard is not None else None
        return said is not None and bool(select.select([said], [], [], 0)[0])

    def stop(self) -> None:
        """Say goodbye: the worker ends in order."""
        if self._timer is not None:
            self._timer.cancel()
        self._say("bye")
        self._close()

    def _close(self) -> None:
        guard, self._guard = self._guard, None
        if guard is None:
            return
        assert guard.stdin is not None
        assert guard.stdout is not None
        asyncio.get_running_loop().remove_reader(guard.stdout)
        guard.stdout.close()
        with suppress(BrokenPipeError):
            guard.stdin.close()
        try:
            guard.wait(_GUARD_ANSWERS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            guard.kill()
            guard.wait()
