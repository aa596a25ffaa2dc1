"""How a failure reads: one line that says what, one line that says what to try."""

import os
import traceback
from collections.abc import Sequence

import click

from rota.cli.output import printable, say
from rota.domain.errors import InvalidInput, RotaError

USAGE = 2
_STARTING = ("up", "server", "worker")
_NOUNS = ("jobs", "schedules", "executions", "workers", "keys")


def explain(error: Exception, words: Sequence[str]) -> int:
    """Say on stderr what went wrong with the command line `words`. Returns the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        say(error.format_message())
        return USAGE
    if isinstance(error, click.UsageError):
        return _usage(error)
    if isinstance(error, click.ClickException):
        say(f"error: {printable(error.format_message())}")
        return error.exit_code
    if isinstance(error, RotaError):
        return _refused(error, words)
    say(f"error: unexpected {type(error).__name__}: {printable(str(error))}")
    if os.environ.get("ROTA_DEBUG"):
        traceback.print_exception(error)
    else:
        say("try: the same with ROTA_DEBUG=1, and please report what it prints")
    return 1


def _usage(error: click.UsageError) -> int:
    say(f"error: {_decapitalised(printable(error.format_message()))}")
    if error.ctx is not None:
        say(f"try: {error.ctx.command_path} --help")
    return USAGE


def _refused(error: RotaError, words: Sequence[str]) -> int:
    say(f"error: {printable(error.detail)}")
    if isinstance(error, InvalidInput):
        _fields(error)
    if advice := _advice(error, words):
        say(f"try: {advice}")
    return error.exit_code


def _fields(error: InvalidInput) -> None:
    """What is wrong with each field, unless the sentence has said it all."""
    if len(error.errors) == 1 and error.errors[0][1] in error.detail:
        return
    for location, message in error.errors:
        say(f"  {printable('.'.join(map(str, location)))}: {printable(message)}")


def _advice(error: RotaError, words: Sequence[str]) -> str | None:
    noun = next((word for word in words if word in _NOUNS), "jobs")
    by_type = {
        "cannot-reach": "rota up   (or set ROTA_URL to the coordinator's address)",
        "unauthenticated": "export ROTA_TOKEN=…   (`rota up` prints the token at its first start)",
        "forbidden": "rota keys create --name NAME --role ROLE   (as an admin)",
        "not-found": f"rota {noun} list",
        "precondition-failed": "the same command again: somebody changed it meanwhile",
        "schema-mismatch": "rota migrate --check",
    }
    if words and words[0] == "worker" and error.type in ("unauthenticated", "enrolment-refused"):
        return "rota workers invite   (as an admin), then rota worker --coordinator URL --token TOKEN"
    if words and words[0] == "worker" and "--coordinator" in " ".join(words) and error.type == "configuration-invalid":
        return "rota worker --coordinator http://127.0.0.1:8400   (the address that `rota server` prints)"
    if error.type == "configuration-invalid" and words and words[0] in _STARTING:
        return "rota check   (with the same options)"
    return by_type.get(error.type)


def _decapitalised(sentence: str) -> str:
    """As the second half of a line; `HTTP` and the like keep their letters."""
    first = sentence[:1].lower() if sentence[1:2].islower() else sentence[:1]
    return first + sentence[1:].rstrip(".")
