"""Waiting for an execution, and how its end becomes an exit code."""

import json
import time
from typing import TYPE_CHECKING

from rota.cli.output import Document, printable, say, waiting, write
from rota.cli.wording import state_of, took

if TYPE_CHECKING:
    from rota.client.client import Client

ENDED = frozenset({"Succeeded", "Failed", "Cancelled", "Skipped", "Expired"})
_FIRST_LOOK_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
_PATIENCE_SECONDS = 5.0


def wait_for_end(client: "Client", execution_id: str, what: str) -> Document:
    """The execution once it has ended."""
    pause = _FIRST_LOOK_SECONDS
    began = time.monotonic()
    told = False
    with waiting(f"waiting for {what}"):
        while True:
            execution = client.get("executions", execution_id)
            if execution.get("state") in ENDED:
                return execution
            if not told and execution.get("state") == "Pending" and time.monotonic() - began > _PATIENCE_SECONDS:
                say(f"nobody has taken it yet; is there a worker for {execution.get('type')}? see: rota workers list")
                told = True
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)


def exit_code(execution: Document) -> int:
    """0 for Succeeded, 1 otherwise."""
    return 0 if execution.get("state") == "Succeeded" else 1


def tell_end(execution: Document) -> None:
    """The result on stdout, how it went on stderr."""
    attempts = execution.get("attempt") or 0
    say(
        f"{state_of(execution).text} after {took(execution)}, {attempts} attempt{'' if attempts == 1 else 's'}"
        f"  {execution.get('id')}"
    )
    for name in ("errorMessage", "reason"):
        if message := execution.get(name):
            say(f"{name.removesuffix('Message')}: {printable(str(message))}")
    if execution.get("result") is not None:
        write(json.dumps(execution["result"], ensure_ascii=False))
