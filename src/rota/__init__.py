"""Rota: the job scheduler that accounts for every run. These are its public names, imported when first used."""

from importlib import import_module
from typing import TYPE_CHECKING

from rota.sdk import submission
from rota.version import __version__

if TYPE_CHECKING:
    from rota.domain.errors import RotaError
    from rota.domain.outcome import Deferred, Failed, Succeeded
    from rota.embedding import console
    from rota.sdk.context import Context
    from rota.sdk.decorator import job
    from rota.sdk.definition import define
    from rota.sdk.failures import PermanentError, RetryLater
    from rota.sdk.function import JobFunction, Retry
    from rota.sdk.rules import Rule, after, business_day, cron, daily, every, monthly, once, rrule, weekly, yearly

__all__ = [
    "Context",
    "Deferred",
    "Failed",
    "JobFunction",
    "PermanentError",
    "Retry",
    "RetryLater",
    "RotaError",
    "Rule",
    "Succeeded",
    "__version__",
    "after",
    "business_day",
    "console",
    "cron",
    "daily",
    "define",
    "every",
    "job",
    "monthly",
    "once",
    "rrule",
    "weekly",
    "yearly",
]

_HOMES = {
    "Context": "rota.sdk.context",
    "Deferred": "rota.domain.outcome",
    "Failed": "rota.domain.outcome",
    "JobFunction": "rota.sdk.function",
    "PermanentError": "rota.sdk.failures",
    "Retry": "rota.sdk.function",
    "RetryLater": "rota.sdk.failures",
    "RotaError": "rota.domain.errors",
    "Rule": "rota.sdk.rules",
    "Succeeded": "rota.domain.outcome",
    "after": "rota.sdk.rules",
    "business_day": "rota.sdk.rules",
    "console": "rota.embedding",
    "cron": "rota.sdk.rules",
    "daily": "rota.sdk.rules",
    "define": "rota.sdk.definition",
    "every": "rota.sdk.rules",
    "job": "rota.sdk.decorator",
    "monthly": "rota.sdk.rules",
    "once": "rota.sdk.rules",
    "rrule": "rota.sdk.rules",
    "weekly": "rota.sdk.rules",
    "yearly": "rota.sdk.rules",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'rota' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _submitter() -> submission.Submitter:
    """The way to the store that the environment names, for application code that enqueues."""
    made: submission.Submitter = import_module("rota.app").submitter_from_environment()
    return made


submission.factory = _submitter
