"""One attempt of a script job: started, watched, and cleared away to the last grandchild."""

import asyncio
import contextlib
import errno
import logging
import secrets
import shutil
import signal
import tempfile
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from rota import processes
from rota.domain.errors import InvalidInput
from rota.domain.outcome import Failed, Outcome, Succeeded
from rota.executors.base import Context
from rota.executors.script.order import Order, read, wrong
from rota.executors.script.output import TAIL_BYTES, Log, Output

T = TypeVar("T")

_ERROR_TAIL = 2_000
_DRAIN_SECONDS = 1.0
_LEFTOVER_GRACE = 1.0
_BUSY = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ETXTBSY})

_logger = logging.getLogger("rota.executors.script")


@dataclass(frozen=True, slots=True)
class ScriptSettings:
    """Whether scripts run here, and where. With a directory, no job may choose a place outside it."""

    enabled: bool = True
    working_directory: Path | None = None


class ScriptExecutor:
    """Runs a program in its own session and leaves nothing of it behind."""

    kind: ClassVar[str] = "script"

    def __init__(self, settings: ScriptSettings | None = None) -> None:
        self._settings = settings or ScriptSettings()

    def check(self, job_type: str, parameters: Mapping[str, object]) -> None:
        """Refuse parameters that can never run, and every script where scripts are off."""
        self._order(parameters)

    async def run(self, context: Context) -> Outcome:
        """Run the program; a wrong exit code is a failure that may be retried, a missing program is not."""
        try:
            order = self._order({} if context.parameters is None else context.parameters)
            directory = _directory(self._settings.working_directory, order.directory)
        except InvalidInput as refusal:
            return Failed(refusal.detail, retryable=False)
        folder = _write_script(order)
        try:
            return await _attempt(context, order, order.argv(folder), directory)
        finally:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)

    async def close(self) -> None:
        """Nothing is held between attempts."""

    def _order(self, parameters: object) -> Order:
        if not self._settings.enabled:
            raise InvalidInput.field("jobType", msg="scripts are off here; ROTA_SCRIPT__ENABLED turns them on")
        if not isinstance(parameters, Mapping):
            raise InvalidInput.field("parameters", msg="a script takes an object")
        return read(parameters)


async def _attempt(context: Context, order: Order, argv: list[str], directory: Path | None) -> Outcome:
    claim = context.claim
    name, value = "ROTA_PROCESS_TREE", f"{claim.id}:{claim.token}:{secrets.token_hex(8)}"
    variables = {"PYTHONUNBUFFERED": "1"} | order.variables | context.environment() | {name: value}
    output = Output(context.log)
    child: processes.Child | None = None
    ended = False

    async def start() -> processes.Child:
        nonlocal child
        child = await processes.start(argv, variables=variables, output=output, directory=directory, stdin=order.stdin)
        return child

    try:
        child = await _to_the_end(start())  # what is cancelled while it starts has its grace, too
        processes.limit(child.pid, order.limits)
        code = await child.wait()
        await child.drain(_DRAIN_SECONDS)
        ended = True
    except OSError as error:
        return _not_started(argv[0], error)
    finally:
        grace = _LEFTOVER_GRACE if ended else context.grace
        await _to_the_end(_clear(child, f"{name}={value}", grace, context.log))
        output.flush()
    result = {"exitCode": code, "stdout": output.tail(1, TAIL_BYTES)}
    if code in order.success:
        return Succeeded(result)
    return Failed(": ".join(filter(None, (_ended(code), output.tail(2, _ERROR_TAIL).strip()))), result=result)


async def _clear(child: processes.Child | None, marker: str, grace: float, log: Log) -> None:
    """Stop whatever is left of the attempt, and say so loudly if something withstands."""
    left = await processes.stop_tree(child.pid if child else None, marker, grace)
    if left:
        message = f"processes {left} of this attempt could not be killed and are still running"
        log(message, "log")
        _logger.error(message)
    if child is not None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), _DRAIN_SECONDS)
        await child.drain(_DRAIN_SECONDS)
        child.close()


async def _to_the_end(work: Coroutine[object, object, T]) -> T:
    """Finish `work` even when the attempt is cancelled meanwhile; the cancellation is raised afterwards."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    result = task.result()
    if cancelled:
        raise asyncio.CancelledError
    return result


def _not_started(program: str, error: OSError) -> Failed:
    if error.errno in _BUSY:
        return Failed(f"could not start {program}: {error.strerror}")
    if program == "pwsh" and error.errno == errno.ENOENT:
        return Failed("PowerShell (pwsh) is not installed on this worker", retryable=False)
    return Failed(f"cannot run {program}: {error.strerror}", retryable=False)


def _ended(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"


def _directory(base: Path | None, wanted: str | None) -> Path | None:
    """Where to run. InvalidInput for a place outside the allowed one, or that does not exist."""
    if base is None and wanted is None:
        return None
    try:
        place = Path(wanted or ".") if base is None else (base / (wanted or ".")).resolve()
        inside = base is None or place.is_relative_to(base.resolve())
        exists = inside and place.is_dir()
    except (OSError, RuntimeError) as error:
        raise wrong("workingDirectory", f"cannot be used: {error}") from None
    if not inside:
        raise wrong("workingDirectory", f"must be inside {base}")
    if not exists:
        raise wrong("workingDirectory", f"{place} is not a directory on this worker")
    return place


def _write_script(order: Order) -> Path | None:
    """A private folder with the script in it, so that its size is not bounded by argv and stdin stays free."""
    if order.text is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="rota-script-"))
    order.file(folder).write_text(order.text, encoding="utf-8", newline="")
    return folder
