"""Retry policies as they are stored: most executions share a few, so each text is read and written once."""

import json
from functools import lru_cache

from rota.domain.execution import DEFAULT_RETRY
from rota.domain.retry import RetryPolicy, Strategy


@lru_cache(maxsize=1024)
def retry_from_json(text: str) -> RetryPolicy:
    """Read a stored retry policy; the default where one row cannot be read, so that it spoils no batch."""
    try:
        retries, strategy, base_delay, max_delay, statuses = json.loads(text)
        return RetryPolicy(retries, Strategy(strategy), base_delay, max_delay, tuple(statuses))
    except (ValueError, TypeError):
        return DEFAULT_RETRY


@lru_cache(maxsize=1024)
def retry_to_json(policy: RetryPolicy) -> str:
    """Write a retry policy."""
    return json.dumps(
        [policy.retries, policy.strategy, policy.base_delay, policy.max_delay, policy.permanent_statuses],
        separators=(",", ":"),
    )
