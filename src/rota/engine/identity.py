"""Who a worker is, and how it introduces itself."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from rota.config import EngineConfig
from rota.engine.work_source import NewWorker


@dataclass(frozen=True, slots=True)
class Identity:
    """Which worker this is. The id is new at every start."""

    id: str
    name: str
    version: str

    def introduced(self, transport: str, config: EngineConfig, types: Sequence[str]) -> NewWorker:
        """What is said about the worker when it registers. `types` are the job types that it can run."""
        return NewWorker(
            self.id,
            self.name,
            config.max_concurrent_jobs,
            transport,
            hostname=socket.gethostname()[:200],
            pid=os.getpid(),
            queues=config.queues or None,
            types=types,
            version=self.version,
        )
