"""Programs and scripts: argv or the text of a script, parameters as environment variables, output captured.

Parameters: exactly one of `command` (a list of argv, or text for a shell) and `script` (text) with `interpreter`
(`bash`, `sh`, `python`, `pwsh`); then `arguments`, `environment`, `workingDirectory`, `stdin`, `successCodes`, `limits`.
Every other parameter becomes an environment variable, and all of them together are JSON in `ROTA_PARAMETERS`.
No value is ever put into a command line by string substitution.
"""

import asyncio
import contextlib
import errno
import json
import logging
import re
import resource
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from rota import processes
from rota.domain.errors import InvalidInput
from rota.domain.outcome import Failed, Outcome, Succeeded
from rota.executors.base import Context, LogSink

LINE_BYTES: Final = 16 * 1024
"""Longer lines are cut in the log."""

TAIL_BYTES: Final = 64 * 1024
"""How much of the end of stdout the result keeps."""

LOGGED_LINES: Final = 200_000
LOGGED_BYTES: Final = 16 * 1024 * 1024
"""What one attempt may hand to the log, whose own cap is lower; a flood beyond it is read and dropped."""

_ERROR_TAIL = 2_000
_VARIABLE_BYTES = 128 * 1024  # MAX_ARG_STRLEN of Linux: execve(2) refuses longer strings
_DRAIN_SECONDS = 1.0
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_REFUSED_PREFIXES = ("ROTA_", "LD_", "DYLD_", "PYTHON", "BASH_", "PERL5", "RUBY", "NODE_", "GLIBC_", "MALLOC_", "GCONV_")
_REFUSED = frozenset(
    {"PATH", "ENV", "IFS", "SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND", "PERLLIB", "CDPATH", "GLOBIGNORE"}
    | {"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "LOCPATH", "HOSTALIASES", "PSModulePath"}
)
_INTERPRETERS: Mapping[str, tuple[str, ...]] = {
    "bash": ("bash", "--noprofile", "--norc"),
    "sh": ("sh",),
    "python": (sys.executable,),
    "pwsh": ("pwsh", "-NoLogo", "-NoProfile", "-NonInteractive", "-File"),
}
_LIMITS: Mapping[str, tuple[int, int]] = {
    "memoryMb": (resource.RLIMIT_AS, 1024 * 1024),
    "cpuSeconds": (resource.RLIMIT_CPU, 1),
    "processes": (resource.RLIMIT_NPROC, 1),
    "openFiles": (resource.RLIMIT_NOFILE, 1),
    "fileSizeMb": (resource.RLIMIT_FSIZE, 1024 * 1024),
}
_BUSY = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ETXTBSY})
_OWN = frozenset({"command", "script", "interpreter", "arguments", "environment", "workingDirectory", "stdin"}) | {
    "successCodes",
    "limits",
}

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
        if not self._settings.enabled:
            raise InvalidInput.field("jobType", msg="scripts are off here; ROTA_SCRIPT__ENABLED turns them on")
        _read(parameters)

    async def run(self, context: Context) -> Outcome:
        """Run the program; a wrong exit code is a failure that may be retried, a missing program is not."""
        try:
            parameters = context.parameters if context.parameters is not None else {}
            if not isinstance(parameters, Mapping):
                raise InvalidInput.field("parameters", msg="a script takes an object")
            self.check(self.kind, parameters)
            order = _read(parameters)
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


@dataclass(frozen=True, slots=True)
class _Order:
    """The parameters, read and checked."""

    command: tuple[str, ...]
    text: str | None
    interpreter: str
    arguments: tuple[str, ...]
    variables: dict[str, str]
    directory: str | None
    stdin: bytes | None
    success: frozenset[int]
    limits: dict[int, int]

    def argv(self, folder: Path | None) -> list[str]:
        if folder is None:
            return [*self.command, *self.arguments]
        return [*_INTERPRETERS[self.interpreter], str(_script_file(folder, self.interpreter)), *self.arguments]


async def _attempt(context: Context, order: _Order, argv: list[str], directory: Path | None) -> Outcome:
    claim = context.claim
    name, value = "ROTA_PROCESS_TREE", f"{claim.id}:{claim.token}:{secrets.token_hex(8)}"
    variables = {"PYTHONUNBUFFERED": "1"} | order.variables | context.environment() | {name: value}
    output = _Output(context.log)
    child: processes.Child | None = None
    grace = context.grace
    try:
        child = await processes.start(argv, variables=variables, output=output, directory=directory, stdin=order.stdin)
        processes.limit(child.pid, order.limits)
        code = await child.wait()
        await child.drain(_DRAIN_SECONDS)
        grace = min(grace, 1.0)
    except OSError as error:
        return _not_started(argv[0], error)
    finally:
        await _to_the_end(_clear(child, f"{name}={value}", grace, context.log))
        output.flush()
    result = {"exitCode": code, "stdout": output.tail(1, TAIL_BYTES)}
    if code in order.success:
        return Succeeded(result)
    return Failed(": ".join(filter(None, (_ended(code), output.tail(2, _ERROR_TAIL).strip()))), result=result)


async def _clear(child: processes.Child | None, marker: str, grace: float, log: LogSink) -> None:
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


async def _to_the_end(work: Coroutine[object, object, None]) -> None:
    """Finish `work` even when the attempt is cancelled again meanwhile; the cancellation is raised afterwards."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError


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


class _Output:
    """Hands output to the log line by line and remembers how each stream ended. Bounded in memory and in time."""

    def __init__(self, log: LogSink) -> None:
        self._log = log
        self._streams = {1: _Stream("stdout"), 2: _Stream("stderr")}
        self._lines_left = LOGGED_LINES
        self._bytes_left = LOGGED_BYTES

    def __call__(self, fd: int, data: bytes) -> None:
        stream = self._streams[fd]
        stream.remember(data)
        if self._lines_left > 0:
            for line in stream.lines(data):
                self._emit(line, stream.name)

    def flush(self) -> None:
        """Log what came after the last line end."""
        for stream in self._streams.values():
            if stream.pending:
                self._emit(bytes(stream.pending), stream.name)
                stream.pending.clear()

    def tail(self, fd: int, size: int) -> str:
        """The last `size` bytes of a stream."""
        return _decoded(bytes(self._streams[fd].ending[-size:]))

    def _emit(self, line: bytes, stream: str) -> None:
        if self._lines_left <= 0:
            return
        text = _decoded(line[:LINE_BYTES].removesuffix(b"\r"))
        self._log(text + " [cut]" if len(line) > LINE_BYTES else text, stream)
        self._lines_left -= 1
        self._bytes_left -= len(line)
        if self._bytes_left <= 0 or self._lines_left == 0:
            self._lines_left = 0
            self._log("there was more output, which is not kept", "log")


@dataclass(slots=True)
class _Stream:
    name: str
    pending: bytearray = field(default_factory=bytearray)
    ending: bytearray = field(default_factory=bytearray)

    def remember(self, data: bytes) -> None:
        self.ending += data
        if len(self.ending) > 2 * TAIL_BYTES:
            del self.ending[:-TAIL_BYTES]

    def lines(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes; the start of the next one is kept, one byte over the cut at most."""
        *whole, rest = data.split(b"\n")
        if whole:
            whole[0] = bytes(self.pending) + whole[0]
            self.pending.clear()
        self.pending += rest[: LINE_BYTES + 1 - len(self.pending)]
        return whole


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _directory(base: Path | None, wanted: str | None) -> Path | None:
    """Where to run. InvalidInput for a place outside the allowed one, or that does not exist."""
    if base is None and wanted is None:
        return None
    place = Path(wanted or ".") if base is None else (base / (wanted or ".")).resolve()
    if base is not None and not place.is_relative_to(base.resolve()):
        raise _wrong("workingDirectory", f"must be inside {base}")
    if not place.is_dir():
        raise _wrong("workingDirectory", f"{place} is not a directory on this worker")
    return place


def _write_script(order: _Order) -> Path | None:
    """A private folder with the script in it, so that its size is not bounded by argv and stdin stays free."""
    if order.text is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="rota-script-"))
    _script_file(folder, order.interpreter).write_text(order.text, encoding="utf-8", newline="")
    return folder


def _script_file(folder: Path, interpreter: str) -> Path:
    return folder / ("script.ps1" if interpreter == "pwsh" else "script")


def _read(parameters: Mapping[str, object]) -> _Order:
    """The parameters as an order. InvalidInput names the first one that is wrong."""
    command, text, interpreter = _program(parameters)
    codes = parameters.get("successCodes", [0])
    codes = [codes] if isinstance(codes, int) else codes
    return _Order(
        command=command,
        text=text,
        interpreter=interpreter,
        arguments=tuple(_text("arguments", item) for item in _list(parameters, "arguments")),
        variables=_variables(parameters),
        directory=_optional_text(parameters, "workingDirectory"),
        stdin=None if (stdin := parameters.get("stdin")) is None else _encoded("stdin", _as_text(stdin), nul=True),
        success=frozenset(_whole("successCodes", code, 0, 255) for code in _list({"successCodes": codes}, "successCodes")),
        limits=_limits(parameters.get("limits")),
    )


def _program(parameters: Mapping[str, object]) -> tuple[tuple[str, ...], str | None, str]:
    command, script = parameters.get("command"), parameters.get("script")
    if (command is None) == (script is None):
        raise _wrong("command", "give exactly one of command and script")
    given = _optional_text(parameters, "interpreter")
    if isinstance(command, list):
        argv = tuple(_text("command", item) for item in command)
        if not argv or not argv[0]:
            raise _wrong("command", "the program is missing")
        if given is not None:
            raise _wrong("interpreter", "a list of argv runs without an interpreter")
        return argv, None, "sh"
    text = _text("script", script) if command is None else _text("command", command, "text or a list of argv")
    if not text.strip():
        raise _wrong("script" if command is None else "command", "is empty")
    interpreter = given or ("bash" if command is None else "sh")
    if interpreter not in _INTERPRETERS:
        raise _wrong("interpreter", f"is one of {', '.join(_INTERPRETERS)}")
    return (), text, interpreter


def _variables(parameters: Mapping[str, object]) -> dict[str, str]:
    others = {name: value for name, value in parameters.items() if name not in _OWN}
    environment = parameters.get("environment") or {}
    if not isinstance(environment, Mapping):
        raise _wrong("environment", "is an object of names and texts")
    variables = {}
    for name, value in {**others, **environment}.items():
        if not _NAME.fullmatch(name):
            raise _wrong(name, "is not a name of an environment variable: letters, digits and _")
        if name in _REFUSED or name.startswith(_REFUSED_PREFIXES):
            raise _wrong(name, "this variable changes how programs are found or loaded, and cannot be set")
        variables[name] = _as_text(value)
    variables["ROTA_PARAMETERS"] = json.dumps(others, separators=(",", ":"))
    for name, value in variables.items():
        if len(name) + 1 + len(_encoded(name, value)) >= _VARIABLE_BYTES:
            raise _wrong(name, "is larger than an environment variable can be (128 KiB); use stdin")
    return variables


def _limits(given: object) -> dict[int, int]:
    if given is None:
        return {}
    if not isinstance(given, Mapping) or (unknown := set(given) - set(_LIMITS)):
        raise _wrong("limits", f"is an object of {', '.join(_LIMITS)}" + ("" if not isinstance(given, Mapping) else f", not {sorted(unknown)[0]}"))
    limits = {}
    for name, value in given.items():
        which, unit = _LIMITS[name]
        limits[which] = _whole("limits", value, 1, 1 << 40) * unit
    return limits


def _list(parameters: Mapping[str, object], name: str) -> list[object]:
    value = parameters.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(name, "is a list")
    return value


def _optional_text(parameters: Mapping[str, object], name: str) -> str | None:
    value = parameters.get(name)
    return None if value is None else _text(name, value)


def _text(name: str, value: object, meaning: str = "text") -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _wrong(name, f"is {meaning}")
    _encoded(name, str(value))
    return str(value)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _encoded(name: str, value: str, *, nul: bool = False) -> bytes:
    if "\0" in value and not nul:
        raise _wrong(name, "has a NUL character")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise _wrong(name, "has half of a surrogate pair") from None


def _whole(name: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _wrong(name, f"is a whole number from {least} to {most}")
    return value


def _wrong(name: str, message: str) -> InvalidInput:
    return InvalidInput.field("parameters", name, msg=message)


_: Callable[..., object] = ScriptExecutor
