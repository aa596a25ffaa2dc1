"""How application code reaches the store: one `Submitter` per process, made when it is first needed."""

import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from rota.domain.instant import Duration, Instant


class Submitter(Protocol):
    """Puts one execution into the store, durably, before it returns."""

    def submit(
        self,
        type: str,
        parameters: object,
        *,
        delay: "Duration | None" = None,
        run_at: "Instant | None" = None,
        key: str | None = None,
        queue: str | None = None,
        priority: int | None = None,
        timeout: "Duration | None" = None,
        retries: int | None = None,
        connection: object | None = None,
    ) -> str:
        """Queue one execution of the job `type` and return its id.

        `parameters` are plain JSON. `key` makes the submission idempotent: the same key answers the same id. What is
        None is left to the job's definition, then to the configuration. With a `connection` the execution is part of
        the transaction that is open there.
        """


factory: "Callable[[], Submitter] | None" = None
"""Makes the submitter when none was installed. The package `rota` sets it."""

_current: Submitter | None = None
_lock = threading.Lock()


def install(submitter: Submitter | None) -> None:
    """Use `submitter` from now on; None forgets the one in use."""
    global _current
    _current = submitter


def current() -> Submitter:
    """The submitter of this process, made by `factory` on first use. RotaError says what to do where there is none."""
    global _current
    with _lock:
        if _current is None:
            _current = _make()
        return _current


def _make() -> Submitter:
    if factory is None:
        from rota.domain.errors import ConfigurationInvalid

        raise ConfigurationInvalid(
            "nothing can take this job: set ROTA_DB or ROTA_URL, or call rota.sdk.submission.install(submitter)"
        )
    return factory()
