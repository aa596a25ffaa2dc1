"""Runs one attempt: finds its executor, gives it its context, and turns whatever comes into an Outcome."""

import asyncio
import json
import traceback
from collections.abc import Mapping

from rota.domain.outcome import Failed, Outcome, Succeeded, TimedOut
from rota.domain.text import storable
from rota.engine.attempt import Attempt
from rota.executors.base import Context, Executor

_LONGEST_STACK = 16_384


class Runner:
    """Runs attempts on the current event loop. Never raises."""

    def __init__(self, executors: Mapping[str, Executor], worker_id: str) -> None:
        self._executors = executors
        self._worker_id = worker_id

    async def run(self, attempt: Attempt) -> Outcome:
        """The outcome of the attempt. When it returns, nothing of the work is left."""
        claim = attempt.claim
        executor = self._executors.get(claim.kind)
        if executor is None:
            return Failed(f"no executor for {claim.kind!r} on this worker", retryable=False)
        try:
            parameters = json.loads(claim.parameters) if claim.parameters else {}
        except ValueError:
            return Failed("the parameters are not JSON", retryable=False)
        context = Context(claim, parameters, worker_id=self._worker_id, deadline=attempt.deadline, attempt=attempt)
        try:
            outcome = await executor.run(context)
        except asyncio.CancelledError:
            outcome = attempt.stop or Failed("the work cancelled itself")
        except BaseException as error:  # a job that exits or interrupts ends itself, not its worker
            outcome = attempt.stop or Failed(
                describe(error), stack="".join(traceback.format_exception(error))[-_LONGEST_STACK:]
            )
        return outcome if attempt.stop is None else _after_stop(attempt.stop, outcome)


def _after_stop(stop: Outcome, outcome: Outcome) -> Outcome:
    """Work that was cancelled or interrupted and still succeeded has succeeded; a timeout and a lost lease stand."""
    return outcome if isinstance(outcome, Succeeded) and not isinstance(stop, TimedOut) else stop


def describe(error: BaseException) -> str:
    """An exception as one line for a person."""
    text = storable(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
