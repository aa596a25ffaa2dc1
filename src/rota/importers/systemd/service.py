"""What a service starts (systemd.service(5)), as parameters of a script job.

Words and variables are read as systemd reads them: quotes and backslashes, `${NAME}` inside a word, `$NAME` as words of
its own, `$$`, and the specifiers that name the unit. Everything else that a service can say stays behind and is noted.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import PurePath

from rota.domain.errors import InvalidInput
from rota.domain.instant import seconds
from rota.importers.base import NO_TIMEOUT, Document
from rota.importers.systemd.units import Unit, time_span

_SECTION = "Service"
_READ = (
    "Type", "ExecStart", "ExecStartPre", "ExecStartPost", "Environment", "WorkingDirectory", "SuccessExitStatus",
    "RuntimeMaxSec", "TimeoutStartSec", "User", "RemainAfterExit",
)  # fmt: skip
_TYPES = ("simple", "exec", "oneshot", "idle")
_SPECIFIER = re.compile("%(.)")
_VARIABLE = re.compile(r"\$(\$|\{[A-Za-z_][A-Za-z0-9_]*\})")
_WORDS_OF_VARIABLE = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile("[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_EXIT_CODE = re.compile("[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class Started:
    """The fields of the job that a service gives, and what it says that they do not."""

    fields: Document
    notes: tuple[str, ...]


def read_service(unit: Unit, name: str) -> Started:
    """What a service of that name starts. InvalidInput if a script job cannot do the same."""
    kind = (unit.last(_SECTION, "Type") or "simple").lower()
    if kind not in _TYPES:
        raise _refused(f"a service of Type={kind} goes on after its command has ended")
    phases = ("ExecStartPre", "ExecStart", "ExecStartPost")
    commands = [_command(setting.value, name) for phase in phases for setting in unit.all(_SECTION, phase)]
    if not unit.all(_SECTION, "ExecStart"):
        raise _refused("its service starts nothing (no ExecStart)")
    variables = [
        word
        for setting in unit.all(_SECTION, "Environment")
        for word in _words(_specified(setting.value, name))
        if _ASSIGNMENT.fullmatch(word)
    ]
    lines = [f"export {_assigned(variable)}" for variable in variables] + [line for line, _ in commands]
    parameters: Document = {"script": "\n".join(["set -ef", *lines, ""]), "interpreter": "sh"}
    if len(commands) == 1 and not variables and commands[0][1] is not None:
        parameters = {"command": commands[0][1]}
    directory = (unit.last(_SECTION, "WorkingDirectory") or "/").removeprefix("-")
    if directory != "~":
        parameters["workingDirectory"] = _specified(directory, name)
    if codes := _success_codes(unit):
        parameters["successCodes"] = codes
    fields: Document = {
        "jobType": "script",
        "parameters": parameters,
        "retryCount": 0,
        "timeoutSeconds": _timeout(unit),
    }
    return Started(fields, tuple(_notes(unit)))


def unit_description(unit: Unit) -> str | None:
    """What a unit says it is."""
    return unit.last("Unit", "Description")


def _command(text: str, name: str) -> tuple[str, list[str] | None]:
    """A command line as a line of shell, and as argv where it needs no shell."""
    prefix = re.match(r"[-@:+!]*", text)
    signs = prefix[0] if prefix else ""
    if "@" in signs:
        raise _refused("a command that is given another argv[0] (@) cannot be a script")
    words = [_specified(word, name) for word in _words(text[len(signs) :])]
    if not words:
        raise _refused("a command is empty")
    literal = ":" in signs
    line = " ".join(_quoted(word, literal) for word in words)
    plain = literal or not any("$" in word for word in words)
    return (f"{line} || :" if "-" in signs else line), words if plain and "-" not in signs else None


def _quoted(word: str, literal: bool) -> str:
    """A word for the shell, with systemd's variables and nothing else expanded."""
    if literal:
        return shlex.quote(word)
    if _WORDS_OF_VARIABLE.fullmatch(word):
        return word
    pieces, position = [], 0
    for match in _VARIABLE.finditer(word):
        pieces.append(shlex.quote(word[position : match.start()]) if match.start() > position else "")
        pieces.append("'$'" if match[1] == "$" else f'"${match[1]}"')
        position = match.end()
    pieces.append(shlex.quote(word[position:]) if position < len(word) or not pieces else "")
    return "".join(pieces)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=False, posix=True)
    except ValueError as error:
        raise _refused(f"cannot read {text[:40]!r}: {error}") from None


def _specified(text: str, name: str) -> str:
    """The text with the specifiers that name the unit in place."""
    stem = PurePath(name).stem
    prefix, _, instance = stem.partition("@")
    known = {"%": "%", "n": name, "N": stem, "p": prefix, "P": prefix, "i": instance, "I": instance.replace("-", "/")}

    def value(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise _refused(f"the specifier %{match[1]} is known to systemd alone")
        return known[match[1]]

    return _SPECIFIER.sub(value, text)


def _assigned(variable: str) -> str:
    name, _, value = variable.partition("=")
    return f"{name}={shlex.quote(value)}"


def _success_codes(unit: Unit) -> list[int]:
    words = [word for setting in unit.all(_SECTION, "SuccessExitStatus") for word in setting.value.split()]
    codes = sorted({int(word) for word in words if _EXIT_CODE.fullmatch(word) and int(word) <= 255} - {0})
    return [0, *codes] if codes else []


def _timeout(unit: Unit) -> str | float:
    for name in ("RuntimeMaxSec", "TimeoutStartSec"):
        text = unit.last(_SECTION, name)
        if text is not None and text.lower() not in ("infinity", "0"):
            return seconds(time_span(text))
    return NO_TIMEOUT


def _notes(unit: Unit) -> list[str]:
    notes = []
    if user := unit.last(_SECTION, "User"):
        notes.append(f"it ran as {user}; here it runs as the user of the worker")
    if named := [word for word in " ".join(s.value for s in unit.all(_SECTION, "SuccessExitStatus")).split()
                 if not word.isdigit()]:  # fmt: skip
        notes.append(f"left out of SuccessExitStatus: {', '.join(named)}")
    if left := [name for name in unit.names(_SECTION) if name not in _READ]:
        notes.append(f"of its service these have no effect here: {', '.join(left)}")
    if conditions := [name for name in unit.names("Unit") if name.startswith(("Condition", "Assert"))]:
        notes.append(f"not checked any more: {', '.join(dict.fromkeys(conditions))}")
    return notes


def _refused(why: str) -> InvalidInput:
    return InvalidInput.field("service", msg=why)
