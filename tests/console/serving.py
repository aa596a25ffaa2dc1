"""The server of a console test: a real `rota up` with the jobs of `jobs_app`, on a store and a port of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from driver import TERMINAL, Rota, eventually

TOKEN = "console-admin-token"
APP = Path(__file__).parent / "jobs_app.py"


class Server(Rota):
    """`stop()`, `kill()` and `start().wait_ready()` keep the store and the port."""

    def __init__(self, folder: Path, *words: str) -> None:
        super().__init__(folder, *words, apps=[APP], token=TOKEN)

    def job(self, name: str) -> str:
        """The id of a job by its name."""
        found = [one["id"] for one in self.get("/api/jobs", limit=100)["items"] if one["name"] == name]
        assert found, f"no job {name}"
        return str(found[0])

    def trigger(self, name: str, parameters: dict[str, Any] | None = None) -> str:
        """Run a job now, beside what runs of it; the id of the execution. Does not wait."""
        order = {"overlap": "allow"} | ({} if parameters is None else {"parameters": parameters})
        return str(self.post(f"/api/jobs/{self.job(name)}/trigger", order, status=202)["executionId"])

    def ended(self, execution_id: str) -> str:
        """Wait until an execution has ended; its state."""
        return eventually(
            lambda: state if (state := self.state(execution_id)) in TERMINAL else "", 40, f"{execution_id} has ended"
        )

    def submit_meanwhile(self) -> None:
        """Something happens in the store while no server is there: another process submits an execution."""
        variables = {**os.environ, "ROTA_DB": self.db, "PYTHONPATH": os.pathsep.join([str(APP.parent), *sys.path])}
        words = [sys.executable, "-c", "from jobs_app import quick; quick.enqueue_now()"]
        subprocess.run(words, check=True, env=variables, timeout=60)
