"""The one place that decides what an outcome leads to."""

from rota.domain.execution import LEGAL, AttemptState, Claim, Settlement, State
from rota.domain.instant import Instant
from rota.domain.outcome import Cancelled, Deferred, Failed, Interrupted, Lost, Outcome, Succeeded, TimedOut
from rota.domain.retry import OnLost


def decide(claim: Claim, outcome: Outcome, now: Instant, *, cancelling: bool = False) -> Settlement:
    """What follows when the attempt `claim` came to `outcome` at `now`.

    `cancelling` says that somebody asked for its cancellation meanwhile. Work that succeeded before the signal
    reached it stays succeeded; nothing else is tried again. Work that its worker could not finish stays due when it
    was: it keeps its place before all that has come since.
    """
    settlement = _decide(claim, outcome, now, cancelling)
    settlement.cancelling = cancelling
    return settlement


def _decide(claim: Claim, outcome: Outcome, now: Instant, cancelling: bool) -> Settlement:
    if isinstance(outcome, Succeeded):
        reason = "finished before the cancellation reached it" if cancelling else None
        return Settlement(
            claim.id, claim.token, State.SUCCEEDED, AttemptState.SUCCEEDED, result=outcome.result, reason=reason
        )
    if isinstance(outcome, Interrupted):
        return _handed_back(claim, outcome, cancelling)
    if isinstance(outcome, Deferred) and not cancelling:
        return Settlement(
            claim.id, claim.token, State.SCHEDULED, None, now + outcome.check_after, counts=False, handle=outcome.handle
        )
    if cancelling:
        return _cancelled(claim, outcome)
    return _not_succeeded(claim, outcome, now)


def depends_on_policy(outcome: Outcome) -> bool:
    """Whether what follows depends on more of the claim than its id and its token."""
    return not isinstance(outcome, Succeeded | Interrupted | Deferred)


def legal(before: State, after: State) -> bool:
    """Whether an execution may go from one state to the other."""
    return after in LEGAL[before]


def _handed_back(claim: Claim, outcome: Interrupted, cancelling: bool) -> Settlement:
    if cancelling:
        return _cancelled(claim, outcome)
    return Settlement(claim.id, claim.token, State.PENDING, AttemptState.CANCELLED, counts=False, reason=outcome.reason)


def _cancelled(claim: Claim, outcome: Outcome) -> Settlement:
    error, stack = _explain(outcome)
    attempt_state = AttemptState.LOST if isinstance(outcome, Lost) else AttemptState.CANCELLED
    return Settlement(claim.id, claim.token, State.CANCELLED, attempt_state, error=error, stack=stack)


def _not_succeeded(claim: Claim, outcome: Outcome, now: Instant) -> Settlement:
    attempt_state = _ATTEMPT_STATES.get(type(outcome), AttemptState.FAILED)
    error, stack = _explain(outcome)
    settlement = Settlement(claim.id, claim.token, State.FAILED, attempt_state, error=error, stack=stack)
    if isinstance(outcome, Failed):
        settlement.result = outcome.result
    if claim.attempt < claim.retry.max_attempts and _may_retry(claim, outcome):
        settlement.state = State.RETRYING
        settlement.due_at = None if isinstance(outcome, Lost) else now + _wait(claim, outcome)
    return settlement


def _may_retry(claim: Claim, outcome: Outcome) -> bool:
    if isinstance(outcome, Failed):
        return outcome.retryable and outcome.status not in claim.retry.permanent_statuses
    if isinstance(outcome, Lost):
        return claim.on_lost is OnLost.RETRY
    return True


def _wait(claim: Claim, outcome: Outcome) -> int:
    wait = claim.retry.delay(claim.attempt, claim.id)
    if isinstance(outcome, Failed) and outcome.retry_after is not None:
        return max(wait, outcome.retry_after)
    return wait


def _explain(outcome: Outcome) -> tuple[str | None, str | None]:
    if isinstance(outcome, Failed):
        return outcome.error, outcome.stack
    if isinstance(outcome, TimedOut):
        return f"timed out after {outcome.timeout / 1_000_000:g} s", None
    if isinstance(outcome, Lost | Cancelled | Interrupted):
        return outcome.reason, None
    return None, None


_ATTEMPT_STATES: dict[type, AttemptState] = {TimedOut: AttemptState.TIMED_OUT, Lost: AttemptState.LOST}
