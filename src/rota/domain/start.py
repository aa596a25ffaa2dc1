"""Whether a job may be started by its schedules at all: its state, where it may run, and freezes."""

from collections.abc import Sequence
from dataclasses import replace

from rota.domain.freeze import Freeze
from rota.domain.instant import Instant
from rota.domain.job import Job, JobState
from rota.domain.occurrence import Decision, Occurrence


def permitted(
    occurrence: Occurrence,
    job: Job,
    state: JobState,
    *,
    note: str | None,
    environment: str,
    freezes: Sequence[Freeze],
    now: Instant,
) -> Occurrence:
    """An instant that would fire, or what is decided instead while its job may not start.

    `note` says why the job is in its state; `freezes` are those that concern the job.
    """
    if occurrence.decision is not Decision.FIRED:
        return occurrence
    if state is not JobState.ENABLED:
        why = f"the job is {state.value.lower()}{f': {note}' if note else ''}"
        return replace(occurrence, decision=Decision.SKIPPED_PAUSED, reason=why)
    if not job.allowed_in(environment):
        why = f"the job may not run in {environment}"
        return replace(occurrence, decision=Decision.SKIPPED_CONDITION, reason=why)
    freeze = next((one for one in freezes if one.holds(occurrence.nominal, now)), None)
    if freeze is not None:
        return replace(occurrence, decision=Decision.SKIPPED_PAUSED, reason=freeze.says)
    return occurrence
