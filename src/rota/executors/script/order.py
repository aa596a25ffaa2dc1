"""What a script job asks for, read from its parameters and checked.

Exactly one of `command` (a list of argv, or text for a shell) and `script` (text) with `interpreter`
(`bash`, `sh`, `python`, `pwsh`); then `arguments`, `environment`, `workingDirectory`, `stdin`, `successCodes`, `limits`.
Every other parameter becomes an environment variable, and all of them together are JSON in `ROTA_PARAMETERS`.
No value is ever put into a command line by string substitution.
"""

import json
import re
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rota.domain.errors import InvalidInput

_VARIABLE_BYTES = 128 * 1024  # MAX_ARG_STRLEN of Linux: execve(2) refuses longer strings
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_REFUSED_PREFIXES = (
    "ROTA_",
    "LD_",
    "DYLD_",
    "PYTHON",
    "BASH_",
    "PERL5",
    "RUBY",
    "NODE_",
    "GLIBC_",
    "MALLOC_",
    "GCONV_",
)
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
_OWN = frozenset({"command", "script", "interpreter", "arguments", "environment", "workingDirectory", "stdin"}) | {
    "successCodes",
    "limits",
}


@dataclass(frozen=True, slots=True)
class Order:
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
        """What to execute; `folder` holds the text of the script, where there is one."""
        if folder is None:
            return [*self.command, *self.arguments]
        return [*_INTERPRETERS[self.interpreter], str(self.file(folder)), *self.arguments]

    def file(self, folder: Path) -> Path:
        """Where the text of the script stands in `folder`."""
        return folder / ("script.ps1" if self.interpreter == "pwsh" else "script")


def read(parameters: Mapping[str, object]) -> Order:
    """The parameters as an order. InvalidInput names the first one that is wrong."""
    command, text, interpreter = _program(parameters)
    codes = parameters.get("successCodes", [0])
    codes = [codes] if isinstance(codes, int) else codes
    return Order(
        command=command,
        text=text,
        interpreter=interpreter,
        arguments=tuple(_argument("arguments", item) for item in _list(parameters, "arguments")),
        variables=_variables(parameters),
        directory=_optional_text(parameters, "workingDirectory"),
        stdin=None if (stdin := parameters.get("stdin")) is None else _encoded("stdin", _as_text(stdin)),
        success=frozenset(
            _whole("successCodes", code, 0, 255) for code in _list({"successCodes": codes}, "successCodes")
        ),
        limits=_limits(parameters.get("limits")),
    )


def _program(parameters: Mapping[str, object]) -> tuple[tuple[str, ...], str | None, str]:
    command, script = parameters.get("command"), parameters.get("script")
    if (command is None) == (script is None):
        raise wrong("command", "give exactly one of command and script")
    given = _optional_text(parameters, "interpreter")
    if isinstance(command, list):
        argv = tuple(_argument("command", item) for item in command)
        if not argv or not argv[0]:
            raise wrong("command", "the program is missing")
        if given is not None:
            raise wrong("interpreter", "a list of argv runs without an interpreter")
        return argv, None, "sh"
    text = _text("script", script) if command is None else _text("command", command, "text or a list of argv")
    if not text.strip():
        raise wrong("script" if command is None else "command", "is empty")
    interpreter = given or ("bash" if command is None else "sh")
    if interpreter not in _INTERPRETERS:
        raise wrong("interpreter", f"is one of {', '.join(_INTERPRETERS)}")
    return (), text, interpreter


def _variables(parameters: Mapping[str, object]) -> dict[str, str]:
    others = {name: value for name, value in parameters.items() if name not in _OWN}
    environment = parameters.get("environment") or {}
    if not isinstance(environment, Mapping):
        raise wrong("environment", "is an object of names and texts")
    variables = {}
    for name, value in {**others, **environment}.items():
        if not _NAME.fullmatch(name):
            raise wrong(name, "is not a name of an environment variable: letters, digits and _")
        if name in _REFUSED or name.startswith(_REFUSED_PREFIXES):
            raise wrong(name, "this variable changes how programs are found or loaded, and cannot be set")
        variables[name] = _as_text(value)
    variables["ROTA_PARAMETERS"] = json.dumps(others, separators=(",", ":"))
    for name, value in variables.items():
        if len(name) + 1 + len(_encoded(name, value)) >= _VARIABLE_BYTES:
            raise wrong(name, "is larger than an environment variable can be (128 KiB); use stdin")
    return variables


def _limits(given: object) -> dict[int, int]:
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not set(given) <= set(_LIMITS):
        raise wrong("limits", f"is an object of {', '.join(_LIMITS)}")
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
        raise wrong(name, "is a list")
    return value


def _optional_text(parameters: Mapping[str, object], name: str) -> str | None:
    value = parameters.get(name)
    return None if value is None else _text(name, value)


def _text(name: str, value: object, meaning: str = "text") -> str:
    if not isinstance(value, str):
        raise wrong(name, f"is {meaning}")
    _encoded(name, value)
    return value


def _argument(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong(name, "is a list of texts and numbers")
    return _text(name, str(value))


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _encoded(name: str, value: str) -> bytes:
    if "\0" in value:
        raise wrong(name, "has a NUL character")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise wrong(name, "has half of a surrogate pair") from None


def _whole(name: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise wrong(name, f"is a whole number from {least} to {most}")
    return value


def wrong(name: str, message: str) -> InvalidInput:
    """The refusal of one parameter."""
    return InvalidInput.field("parameters", name, msg=message)
