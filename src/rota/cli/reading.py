"""What a person types, as what the API takes: parameters, files, rules of schedules, times and durations."""

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

RULES = ("cron", "every", "daily_at", "weekly_on", "monthly_on", "yearly_on", "once", "after")


class SecondsType(click.ParamType[float]):
    """A duration such as `10m`, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return seconds(parse_duration(_number_or_text(value)))
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


def rule_options(command: Command) -> Command:
    """The options that make a schedule; read them with `schedule`."""
    options: tuple[Callable[[Any], Any], ...] = (
        click.option("--cron", metavar="EXPR", help="Cron, such as '0 6 * * MON-FRI'."),
        click.option("--every", metavar="DURATION", help="Interval, such as 15m."),
        click.option("--daily-at", metavar="HH:MM", help="Every day at a time."),
        click.option("--weekly-on", metavar="'DAYS HH:MM'", help="Such as 'MON,THU 06:00'."),
        click.option("--monthly-on", metavar="'DAY HH:MM'", help="Such as '1 06:00'; -1 is the last day."),
        click.option("--yearly-on", metavar="'MM-DD HH:MM'", help="Such as '12-24 06:00'."),
        click.option("--once", metavar="TIME", type=TimeType(), help="Once, at a time with its offset."),
        click.option("--after", metavar="DURATION", help="Once, so long after now."),
        click.option("--tz", metavar="ZONE", help="IANA time zone; UTC if left out."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def take_schedule(options: Document) -> Document | None:
    """Take what `rule_options` put among the options; None if there was no rule."""
    given = {name: value for name in RULES if (value := options.pop(name)) is not None}
    zone = options.pop("tz")
    if not given:
        if zone is not None:
            raise click.UsageError("--tz belongs to a rule such as --cron or --daily-at")
        return None
    if len(given) > 1:
        raise click.UsageError(f"one rule only, not {' and '.join('--' + name.replace('_', '-') for name in given)}")
    ((name, value),) = given.items()
    return _rule(name, value) | ({} if zone is None else {"timeZone": zone})


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


def _rule(name: str, value: str) -> Document:
    if name == "daily_at":
        return {"daily": {"at": value}}
    if name not in ("weekly_on", "monthly_on", "yearly_on"):
        return {name: _number_or_text(value)}
    head, space, at = value.strip().rpartition(" ")
    option = "--" + name.replace("_", "-")
    if not space:
        raise click.UsageError(f"{option} {value!r}: write a day and a time, see --help")
    try:
        if name == "weekly_on":
            return {"weekly": {"on": [day.strip().upper() for day in head.split(",")], "at": at}}
        if name == "monthly_on":
            return {"monthly": {"day": int(head), "at": at}}
        month, _, day = head.partition("-")
        return {"yearly": {"month": int(month), "day": int(day), "at": at}}
    except ValueError:
        raise click.UsageError(f"{option} {value!r}: the day is not a number, see --help") from None


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value, parse_constant=_no_constant)
    except ValueError:
        return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _number_or_text(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
