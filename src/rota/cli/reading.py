"""What a person types, as what the API takes: parameters, files, times and durations."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from rota.cli.output import Document
from rota.domain.instant import format_instant, parse_duration, parse_instant, seconds

Command = TypeVar("Command", bound=Callable[..., Any])


class SecondsType(click.ParamType[float]):
    """A duration such as `10m`, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return seconds(parse_duration(number_or_text(value)))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class TimeType(click.ParamType[str]):
    """An RFC 3339 time, in UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return format_instant(parse_instant(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class DateType(click.ParamType[str]):
    """A day such as 2026-12-24."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from rota.domain.calendar_reading import parse_date

        try:
            return parse_date(value).isoformat()
        except ValueError as error:
            self.fail(str(error), param, ctx)


class AgoType(click.ParamType[str]):
    """A time, or a duration before now such as `24h`."""

    name = "time|duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return format_instant(time.time_ns() // 1000 - parse_duration(value))
        except ValueError:
            return TimeType().convert(value, param, ctx)


class JsonType(click.ParamType[Any]):
    """A JSON value."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value, parse_constant=_no_constant)
        except ValueError as error:
            self.fail(f"not JSON: {error}", param, ctx)


def parameter_options(command: Command) -> Command:
    """`--param k=v` and `--payload JSON`; read them with `parameters`."""
    command = click.option("--payload", type=JsonType(), help="All parameters as one JSON value.")(command)
    return click.option(
        "--param", "-p", metavar="KEY=VALUE", multiple=True, help="A parameter; JSON if it reads as such. Repeatable."
    )(command)


def parameters(param: tuple[str, ...], payload: Any) -> Any:
    """What `parameter_options` took; None if nothing. UsageError for a pair without `=` or a payload that cannot take pairs."""
    if not param:
        return payload
    if payload is not None and not isinstance(payload, dict):
        raise click.UsageError("--param needs a --payload that is a JSON object, or none")
    merged = dict(payload or {})
    for pair in param:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.UsageError(f"--param {pair!r}: write KEY=VALUE")
        merged[key] = _json_or_text(value)
    return merged


def file_option(what: str) -> Callable[[Command], Command]:
    """`-f FILE`: the whole document as JSON; `-` reads stdin."""
    return click.option("-f", "--file", metavar="FILE", help=f"{what} as JSON; - reads stdin.")


def from_file(file: str) -> Document:
    """The JSON object in a file. UsageError says what is wrong with it."""
    try:
        content = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        document = json.loads(content, parse_constant=_no_constant)
    except OSError as error:
        raise click.UsageError(f"cannot read {file}: {error.strerror}") from None
    except ValueError as error:
        raise click.UsageError(f"{file} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise click.UsageError(f"{file} must hold one JSON object")
    return document


def given(**values: Any) -> Document:
    """The values that were given."""
    return {name: value for name, value in values.items() if value is not None and value != ()}


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value, parse_constant=_no_constant)
    except ValueError:
        return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def number_or_text(value: Any) -> Any:
    """A number where the text is one."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
