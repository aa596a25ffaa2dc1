"""A worker's heartbeat, on a connection of its own, by the clock of its store.

The process that beats runs no user code and must start quickly and stay small, so each module here stands on one driver
alone: none imports SQLAlchemy or the tables.
"""

import importlib
from typing import Protocol, cast

from rota.domain.instant import Duration

_MODULES = {"sqlite": "sqlite", "postgresql": "postgres", "postgres": "postgres", "mysql": "mysql", "mariadb": "mysql"}


class Heart(Protocol):
    """Beats for one worker: prolongs its lease for as long as it is not convicted."""

    def beat(self) -> bool:
        """Prolong the lease to now + L. False when the worker was convicted: its lease is lost for good.

        Raises when the store does not answer; nothing is known then.
        """

    def bury(self) -> None:
        """End the lease at once, and tell it: the worker is known to be dead, and nothing of its work is left."""


def open_heart(url: str, worker_id: str, lease: Duration) -> Heart:
    """The heart of a worker of the store at `url`. It connects with its first beat."""
    scheme = url.partition(":")[0].partition("+")[0]
    module = importlib.import_module(f"{__name__}.{_MODULES[scheme]}")
    return cast(Heart, module.Heart(url, worker_id, lease))
