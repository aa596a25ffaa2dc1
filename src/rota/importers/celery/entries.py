"""Where Celery's periodic tasks stand: in `beat_schedule` of a python file, or in a dump of django-celery-beat."""

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from rota.domain.errors import InvalidInput
from rota.importers.base import Source, require_text
from rota.importers.celery.crontab import FIELDS, Crontab, read_crontab
from rota.importers.python_source import PythonFile, bound, parameters_of, read_python, unreadable

_SCHEDULES = ("beat_schedule", "CELERYBEAT_SCHEDULE", "CELERY_BEAT_SCHEDULE")
_ZONES = ("timezone", "CELERY_TIMEZONE")
_PERIODS = {"days": 86_400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0, "microseconds": 1e-6}
_ADDED = ("schedule", "sig", "args", "kwargs", "name")
_DJANGO = "django_celery_beat."


@dataclass(frozen=True, slots=True)
class Entry:
    """One periodic task. `when` is its crontab or its interval in seconds; `zone` is None where none is named."""

    line: int
    key: str
    rule: str
    task: str = ""
    when: Crontab | float | None = None
    zone: str | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    enabled: bool = True
    once: bool = False
    description: str = ""
    problem: str | None = None


def python_entries(source: Source) -> Iterator[Entry]:
    """The entries of a python file, in order."""
    file = read_python(source)
    zone = next((value for name, value in _settings(file, _ZONES) if isinstance(value, ast.Constant)), None)
    named = zone.value if zone is not None and isinstance(zone.value, str) else None
    for name, value in _settings(file, _SCHEDULES):
        value = file.resolved(value)
        pairs = _pairs(value)
        if pairs is None:
            yield Entry(value.lineno, name, ast.unparse(value)[:60], problem=unreadable(value).errors[0][1])
            continue
        for key, entry in pairs:
            yield _entry(file, key, entry, named)
    yield from _added(file, named)


def dump_entries(source: Source) -> Iterator[Entry]:
    """The periodic tasks of `manage.py dumpdata django_celery_beat`. InvalidInput if it is no such JSON."""
    require_text(source)
    try:
        rows = json.loads(source.text)
    except (ValueError, RecursionError):
        raise InvalidInput.field(source.path, msg="not JSON") from None
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and isinstance(row.get("fields"), dict) for row in rows
    ):
        raise InvalidInput.field(source.path, msg="not a dump of django-celery-beat: a list of rows with fields")
    known = {(str(row.get("model")).lower(), row.get("pk")): row["fields"] for row in rows if _is_key(row.get("pk"))}
    for number, row in enumerate(rows, 1):
        if str(row.get("model")).lower() == f"{_DJANGO}periodictask":
            yield _row(number, row["fields"], known)


def _is_key(value: object) -> bool:
    return isinstance(value, str | int)


def _settings(file: PythonFile, names: tuple[str, ...]) -> Iterator[tuple[str, ast.expr]]:
    """Every value that the file gives one of these settings: assigned, or as an argument of `update`."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", None)
                if name in names:
                    yield name, node.value
                elif isinstance(target, ast.Subscript) and (inner := _last_name(target.value)) in names:
                    yield inner, ast.Dict([target.slice], [node.value], lineno=node.lineno, col_offset=0)
        elif isinstance(node, ast.Call) and _last_name(node.func) == "update":
            yield from ((keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg in names)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _pairs(value: ast.expr) -> list[tuple[ast.expr, ast.expr]] | None:
    if not isinstance(value, ast.Dict) or any(key is None for key in value.keys):
        return None
    return [(key, entry) for key, entry in zip(value.keys, value.values, strict=True) if key is not None]


def _entry(file: PythonFile, key: ast.expr, entry: ast.expr, zone: str | None) -> Entry:
    shown = str(key.value) if isinstance(key, ast.Constant) else ast.unparse(key)
    rule = ast.unparse(entry)[:60]
    try:
        entry = file.resolved(entry)
        if not isinstance(entry, ast.Dict):
            raise unreadable(entry)
        given = {k.value: v for k, v in zip(entry.keys, entry.values, strict=True) if isinstance(k, ast.Constant)}
        if "schedule" not in given or "task" not in given:
            raise InvalidInput.field("entry", msg="an entry has a task and a schedule")
        rule = ast.unparse(given["schedule"])
        task = file.value(given["task"])
        args, kwargs, options = (
            file.value(given[name]) if name in given else None for name in ("args", "kwargs", "options")
        )
        when = _when(file, given["schedule"])
    except InvalidInput as error:
        return Entry(key.lineno, shown, rule, problem=error.errors[0][1])
    return _checked(
        Entry(key.lineno, shown, rule, str(task), when, zone, options=_mapping(options)), file, args, kwargs
    )


def _added(file: PythonFile, zone: str | None) -> Iterator[Entry]:
    """Calls of `add_periodic_task(schedule, task.s(…), name=…)`."""
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Call) or _last_name(node.func) != "add_periodic_task":
            continue
        rule = ast.unparse(node)[:60]
        try:
            given = bound(node, _ADDED)
            rule = ast.unparse(given["schedule"])
            signature = given["sig"]
            if not isinstance(signature, ast.Call) or any(keyword.arg is None for keyword in signature.keywords):
                raise unreadable(signature)
            if not isinstance(signature.func, ast.Attribute) or signature.func.attr not in ("s", "si"):
                raise unreadable(signature)
            if "args" in given or "kwargs" in given:
                raise InvalidInput.field("entry", msg="it has arguments beside those of its signature")
            owner = signature.func.value
            task = file.function(owner) or ast.unparse(owner)
            args = [file.value(argument) for argument in signature.args]
            kwargs = {keyword.arg or "": file.value(keyword.value) for keyword in signature.keywords}
            name = str(file.value(given["name"])) if "name" in given else f"{task}({', '.join(map(str, args))})"
            options = {option: file.value(value) for option, value in given.items() if option not in _ADDED}
            entry = Entry(node.lineno, name, rule, task, _when(file, given["schedule"]), zone, options=options)
            yield _checked(entry, file, args, kwargs)
        except (InvalidInput, KeyError) as error:
            problem = error.errors[0][1] if isinstance(error, InvalidInput) else "it names no schedule or no task"
            yield Entry(node.lineno, rule, rule, problem=problem)


def _checked(entry: Entry, file: PythonFile | None, args: object, kwargs: object) -> Entry:
    """The entry with its arguments as parameters, or why they are none."""
    try:
        return replace(entry, parameters=parameters_of(file, entry.task, args, kwargs))
    except InvalidInput as error:
        return replace(entry, problem=error.errors[0][1])


def _mapping(value: object) -> Mapping[str, object]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _when(file: PythonFile, node: ast.expr) -> Crontab | float:
    node = file.resolved(node)
    if isinstance(node, ast.Call):
        kind = (file.dotted(node.func) or "").rpartition(".")[2]
        if kind == "crontab":
            given = {name: file.value(value) for name, value in bound(node, FIELDS).items() if name in FIELDS}
            return read_crontab(given)
        if kind == "solar":
            raise InvalidInput.field("entry", msg="a solar schedule follows the sun, which no rule of Rota does")
        if kind == "schedule":
            return _when(file, bound(node, ("run_every",)).get("run_every", node))
    value = file.value(node)
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise unreadable(node)
    return seconds


def _row(number: int, fields: dict[str, Any], known: Mapping[tuple[str, Any], dict[str, Any]]) -> Entry:
    name = str(fields.get("name", number))
    problem = None
    when: Crontab | float | None = None
    rule, zone = "-", None
    for kind in ("crontab", "interval", "solar", "clocked"):
        key = fields.get(kind)
        row = known.get((f"{_DJANGO}{kind}schedule", key)) if _is_key(key) else None
        if key is None:
            continue
        try:
            when, rule, zone = _of_row(kind, row)
        except InvalidInput as error:
            problem, rule = error.errors[0][1], kind
        break
    else:
        problem = "it has no schedule"
    args, kwargs = _json(fields.get("args")), _json(fields.get("kwargs"))
    options = {name: fields[name] for name in ("queue", "priority") if fields.get(name) is not None}
    if fields.get("expire_seconds") is not None:
        options["expires"] = fields["expire_seconds"]
    if problem:
        return Entry(number, name, rule, problem=problem)
    entry = Entry(
        number, name, rule, str(fields.get("task", "")), when, zone, {}, options,
        fields.get("enabled") is not False, fields.get("one_off") is True, str(fields.get("description") or ""),
    )  # fmt: skip
    return _checked(entry, None, args, kwargs)


def _of_row(kind: str, row: dict[str, Any] | None) -> tuple[Crontab | float, str, str | None]:
    if kind in ("solar", "clocked"):
        raise InvalidInput.field("entry", msg=f"a {kind} schedule has no rule in Rota")
    if row is None:
        raise InvalidInput.field("entry", msg=f"the dump does not hold its {kind} schedule")
    if kind == "interval":
        period, every = row.get("period"), row.get("every")
        if period not in _PERIODS or not isinstance(every, int | float) or isinstance(every, bool):
            raise InvalidInput.field("entry", msg=f"bad interval {every!r} {period!r}")
        try:
            return every * _PERIODS[period], f"every {every} {period}", None
        except OverflowError:
            raise InvalidInput.field("entry", msg=f"bad interval {every!r} {period!r}") from None
    crontab = read_crontab({name: row[name] for name in FIELDS if row.get(name) is not None})
    zone = row.get("timezone")
    told = " ".join(
        str(row.get(name, "*")) for name in ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    )
    return crontab, told, zone if isinstance(zone, str) else None


def _json(text: object) -> object:
    """The arguments of a row, which are JSON inside of JSON; None if there are none, the text where it is no JSON."""
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
