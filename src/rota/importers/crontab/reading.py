"""The lines of a crontab: settings, entries, and the comments above them (crontab(5) of cronie and Debian)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rota.domain.errors import InvalidInput
from rota.importers.crontab.fields import NICKNAMES, Rule, read_rule

REBOOT = "@reboot"
_SETTING = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^\s='"]+))\s*=[ \t]*(.*?)\s*""")
_BLANKS = re.compile(r"[ \t]+")
_PERCENT = re.compile(r"\\.|[^\\%]+|%|\\", re.DOTALL)
_DECORATION = re.compile(r"-{3}|\bm\s+h\s+dom\b", re.IGNORECASE)
_SENTENCE = re.compile(r"""["'(]?[^\W\d_]""")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `settings` are the variables that stand above it; `rule` is None for `@reboot`."""

    line: int
    schedule: str
    rule: Rule | None
    user: str | None
    command: str
    stdin: str | None
    settings: dict[str, str]
    comment: str | None


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that cron would refuse."""

    line: int
    text: str
    problem: str


def read_lines(text: str, *, system: bool) -> Iterator[Entry | Broken]:
    """The entries of a crontab in order. `system` says that a user stands before the command."""
    settings: dict[str, str] = {}
    comment: list[str] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.lstrip(" \t")
        if line.startswith("#"):
            comment.append(line.lstrip("#").strip())
            continue
        if line.strip():
            setting = _setting(line)
            if setting is None:
                yield _entry(number, line, system, dict(settings), _sentences(comment))
            else:
                settings[setting[0]] = setting[1]
        comment = []


def _setting(line: str) -> tuple[str, str] | None:
    match = _SETTING.fullmatch(line)
    if match is None:
        return None
    value = match[4]
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return match[1] or match[2] or match[3] or "", value


def _sentences(comment: list[str]) -> str | None:
    """What a person wrote about an entry; diagrams of the fields and entries that are commented out are not that."""
    if any(_DECORATION.search(line) for line in comment):
        return None
    return "\n".join(line for line in comment if _SENTENCE.match(line)) or None


def _entry(number: int, line: str, system: bool, settings: dict[str, str], comment: str | None) -> Entry | Broken:
    length = 1 if line.lstrip("-").startswith("@") else 5
    before = length + 1 if system else length
    words = _BLANKS.split(line.removeprefix("-"), maxsplit=before)
    if len(words) <= before or not words[before].strip():
        problem = "an entry is a schedule, a user and a command" if system else "no command"
        return Broken(number, line.strip()[:80], problem)
    fields, user = words[:length], words[length] if system else None
    schedule = " ".join(fields)
    try:
        rule = _rule(fields)
    except InvalidInput as error:
        return Broken(number, schedule, error.errors[0][1])
    command, stdin = _split_percent(words[before].rstrip("\r"))
    return Entry(number, schedule, rule, user, command, stdin, settings, comment)


def _rule(fields: list[str]) -> Rule | None:
    if len(fields) == 5:
        return read_rule(fields)
    if fields[0] == REBOOT:
        return None
    if fields[0] not in NICKNAMES:
        raise InvalidInput.field("entry", msg=f"unknown name {fields[0][:30]!r}")
    return read_rule(NICKNAMES[fields[0]].split())


def _split_percent(text: str) -> tuple[str, str | None]:
    """The command and its input: the first `%` without a backslash ends the command, later ones are line breaks."""
    pieces = [""]
    for piece in _PERCENT.findall(text):
        if piece == "%":
            pieces.append("")
        else:
            pieces[-1] += "%" if piece == "\\%" else piece
    if len(pieces) == 1:
        return pieces[0], None
    stdin = "\n".join(pieces[1:])
    return pieces[0], stdin if stdin.endswith("\n") else f"{stdin}\n"
