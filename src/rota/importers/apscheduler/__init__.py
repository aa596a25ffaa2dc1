"""Schedules that a python file gives to APScheduler, release 3 or 4, as jobs of a python function.

`max_instances`, `coalesce`, `misfire_grace_time` and `jitter` become the policies that mean the same. APScheduler does
not try again, so the jobs do not either.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rota.domain.errors import InvalidInput
from rota.domain.zone import Zone
from rota.importers.apscheduler.triggers import Setting, Trigger, trigger_of, zone_of
from rota.importers.base import Document, Found, Importer, Options, Source, job_name, told_apart
from rota.importers.python_source import PythonFile, bound, is_none, parameters_of, read_python, unreadable

_V3 = (
    "args", "kwargs", "id", "name", "misfire_grace_time", "coalesce", "max_instances", "next_run_time", "jobstore",
    "executor",
)  # fmt: skip
_NOT_OF_TRIGGER = (
    "func", "trigger", *_V3, "replace_existing", "conflict_policy", "paused", "max_jitter", "job_executor",
    "max_running_jobs", "job_result_expiration_time", "metadata",
)  # fmt: skip
_POSITIONAL = {
    "add_job": ("func", "trigger", *_V3, "replace_existing"),
    "scheduled_job": ("trigger", *_V3),
    "add_schedule": ("func", "trigger"),
}
Argument = tuple[str, ast.expr]
_DEFAULTS = ("misfire_grace_time", "coalesce", "max_instances")


@dataclass(frozen=True, slots=True)
class Call:
    """One call that adds a schedule, with the function that it is for where it decorates one."""

    node: ast.Call
    verb: str
    function: str | None = None


class ApschedulerImporter:
    """Reads python files with schedules."""

    kind: ClassVar[str] = "apscheduler"

    def beside(self, source: Source) -> Sequence[str]:
        """A file refers to no other one that is read."""
        return ()

    def read(self, source: Source, options: Options) -> list[Found]:
        """The schedules that the file adds, in order."""
        file = read_python(source)
        calls = sorted(_calls(file), key=lambda call: call.node.lineno)
        configured = list(_arguments_of_schedulers(file))
        return told_apart([_found(source, file, call, configured, options) for call in calls])


def build() -> Importer:
    """The importer."""
    return ApschedulerImporter()


def _calls(file: PythonFile) -> Iterator[Call]:
    decorators = {
        id(decorator): function.name for function in file.functions.values() for decorator in function.decorator_list
    }
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _POSITIONAL:
            named = decorators.get(id(node))
            yield Call(node, node.func.attr, None if named is None else f"{file.module}.{named}")


def _found(source: Source, file: PythonFile, call: Call, configured: Sequence[Argument], options: Options) -> Found:
    rule = ast.unparse(call.node)[:60]
    key = call.function or rule
    try:
        given = bound(call.node, _POSITIONAL[call.verb])
        function = call.function or _function(file, given)
        key = next((str(file.value(given[name])) for name in ("id", "name") if name in given), function)
        arguments = {name: node for name, node in given.items() if name not in _NOT_OF_TRIGGER}
        rule = _rule(given.get("trigger"), arguments)
        setting = _setting(file, configured, options)
        trigger = _trigger(file, given.get("trigger"), arguments, setting)
        job, notes = _job(source, file, function, given, key)
        given = _defaults(file, configured) | given
        policies, more = _policies(file, given, trigger, setting)
        limit = _limit(file, given)
    except InvalidInput as error:
        problem = error.errors[0][1]
        return Found(source.path, call.node.lineno, key, job_name(key), rule, problem=problem)
    schedules = [schedule | policies for schedule in trigger.schedules]
    times: Document = {"schedule": schedules[0]} if len(schedules) == 1 else {"schedules": schedules}
    return Found(
        file=source.path,
        line=call.node.lineno,
        key=key,
        name=job_name(key),
        rule=rule,
        job=job | times | limit,
        notes=(*trigger.notes, *notes, *more),
        fires=trigger.fires,
        not_compared=trigger.not_compared,
    )


def _function(file: PythonFile, given: Mapping[str, ast.expr]) -> str:
    node = given.get("func")
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace(":", ".")
    function = None if node is None else file.function(node)
    if function is None:
        raise InvalidInput.field("entry", msg="what it runs is no function with a name")
    return function


def _rule(trigger: ast.expr | None, arguments: Mapping[str, ast.expr]) -> str:
    rest = [f"{name}={ast.unparse(node)}" for name, node in arguments.items()]
    return ", ".join([*([] if trigger is None else [ast.unparse(trigger)]), *rest])[:120]


def _trigger(file: PythonFile, node: ast.expr | None, arguments: Mapping[str, ast.expr], setting: Setting) -> Trigger:
    if node is None:
        raise InvalidInput.field("entry", msg="it runs at once, when its program starts")
    return trigger_of(file, node, arguments, setting)


def _setting(file: PythonFile, configured: Sequence[Argument], options: Options) -> Setting:
    """The zone of the scheduler, where the file says it, and the release that the file is for."""
    zones = [node for name, node in configured if name == "timezone"]
    zone = zone_of(file, zones[-1]) if zones else options.time_zone
    names = set(file.imports.values())
    release_4 = bool(names & {"apscheduler.Scheduler", "apscheduler.AsyncScheduler"})
    return Setting(Zone.named(zone), release_4, options.now)


def _defaults(file: PythonFile, configured: Sequence[Argument]) -> dict[str, ast.expr]:
    """The `job_defaults` of the scheduler."""
    found: dict[str, ast.expr] = {}
    for name, node in configured:
        value = file.resolved(node)
        if name == "job_defaults" and isinstance(value, ast.Dict):
            pairs = zip(value.keys, value.values, strict=True)
            found |= {str(k.value): v for k, v in pairs if isinstance(k, ast.Constant) and k.value in _DEFAULTS}
    return found


def _arguments_of_schedulers(file: PythonFile) -> Iterator[Argument]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call):
            name = (file.dotted(node.func) or "").rpartition(".")[2]
            if name.endswith("Scheduler") or name == "configure":
                yield from ((keyword.arg or "", keyword.value) for keyword in node.keywords)


def _job(
    source: Source, file: PythonFile, function: str, given: Mapping[str, ast.expr], key: str
) -> tuple[Document, list[str]]:
    args, kwargs = (file.value(given[name]) if name in given else None for name in ("args", "kwargs"))
    parameters = parameters_of(file, function, args, kwargs)
    job: Document = {
        "name": job_name(key),
        "description": source.description,
        "jobType": function,
        "parameters": parameters,
        "retryCount": 0,
    }
    if args and "args" in parameters:
        return job, ["positional arguments came as the parameter `args`; the function is not in this file"]
    return job, []


def _policies(
    file: PythonFile, given: Mapping[str, ast.expr], trigger: Trigger, setting: Setting
) -> tuple[Document, list[str]]:
    values = {name: file.value(given[name]) for name in (*_DEFAULTS, "paused", "max_jitter") if name in given}
    policies: Document = {"overlap": "skip" if values.get("max_instances", 1) == 1 else "allow"}
    notes: list[str] = []
    grace = values.get("misfire_grace_time")
    if isinstance(grace, int | float) and not isinstance(grace, bool):
        policies["maxLateness"] = grace
    elif "misfire_grace_time" not in values and not setting.release_4:
        notes.append("a run that is late by more than a second was dropped; Rota makes up for the latest one")
    if values.get("coalesce") is False:
        policies["missed"] = "runAll"
    if jitter := trigger.jitter or values.get("max_jitter"):
        policies["jitter"] = jitter
    if values.get("paused") is True or is_none(given.get("next_run_time")):
        policies["enabled"] = False
        notes.append("it is paused, and so is its schedule")
    return policies, notes


def _limit(file: PythonFile, given: Mapping[str, ast.expr]) -> Document:
    """More than one instance at once is a cap on the job; a run beyond it waits, where APScheduler drops it."""
    if "max_instances" not in given:
        return {}
    most = file.value(given["max_instances"])
    if not isinstance(most, int) or most < 1:
        raise unreadable(given["max_instances"])
    return {} if most == 1 else {"maxConcurrentExecutions": most}
