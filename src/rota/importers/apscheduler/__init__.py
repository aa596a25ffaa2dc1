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
from rota.importers.python_source import PythonFile, bound, parameters_of, plain, read_python, unreadable

_COMMON = (
    "args", "kwargs", "id", "name", "misfire_grace_time", "coalesce", "max_instances", "next_run_time", "jobstore",
    "executor", "replace_existing", "conflict_policy", "paused", "max_jitter", "job_executor", "max_running_jobs",
    "job_result_expiration_time", "metadata",
)  # fmt: skip
_V3 = (
    "args", "kwargs", "id", "name", "misfire_grace_time", "coalesce", "max_instances", "next_run_time", "jobstore",
    "executor",
)  # fmt: skip
_POSITIONAL = {
    "add_job": ("func", "trigger", *_V3, "replace_existing"),
    "scheduled_job": ("trigger", *_V3),
    "add_schedule": ("func", "trigger"),
}
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
        return told_apart([_found(source, file, call, options) for call in calls])


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


def _found(source: Source, file: PythonFile, call: Call, options: Options) -> Found:
    rule = ast.unparse(call.node)[:60]
    key = call.function or rule
    try:
        given = bound(call.node, _POSITIONAL[call.verb])
        function = call.function or _function(file, given)
        key = next((str(file.value(given[name])) for name in ("id", "name") if name in given), function)
        rule = _rule(given)
        setting = _setting(file, options)
        trigger = _trigger(file, given, setting)
        defaults = _configured(file)
        job, notes = _job(source, file, function, given, key)
        policies, more = _policies(file, {**defaults, **given}, trigger, setting)
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
        job=job | times | _limit(file, {**defaults, **given}),
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


def _rule(given: Mapping[str, ast.expr]) -> str:
    trigger = given.get("trigger")
    rest = [f"{name}={ast.unparse(node)}" for name, node in given.items() if name not in (*_COMMON, "func", "trigger")]
    return ", ".join([*([] if trigger is None else [ast.unparse(trigger)]), *rest])[:120]


def _trigger(file: PythonFile, given: Mapping[str, ast.expr], setting: Setting) -> Trigger:
    node = given.get("trigger")
    if node is None:
        raise InvalidInput.field("entry", msg="it runs at once, when its program starts")
    arguments = {name: value for name, value in given.items() if name not in (*_COMMON, "func", "trigger")}
    return trigger_of(file, node, arguments, setting)


def _setting(file: PythonFile, options: Options) -> Setting:
    """The zone of the scheduler, where the file says it, and the release that the file is for."""
    zones = [node for name, node in _arguments_of_schedulers(file) if name == "timezone"]
    zone = zone_of(file, zones[-1]) if zones else options.time_zone
    names = set(file.imports.values())
    release_4 = bool(names & {"apscheduler.Scheduler", "apscheduler.AsyncScheduler"})
    return Setting(Zone.named(zone), release_4, options.now)


def _configured(file: PythonFile) -> dict[str, ast.expr]:
    """The `job_defaults` of the scheduler."""
    found: dict[str, ast.expr] = {}
    for name, node in _arguments_of_schedulers(file):
        value = file.constants.get(node.id, node) if isinstance(node, ast.Name) else node
        if name == "job_defaults" and isinstance(value, ast.Dict):
            pairs = zip(value.keys, value.values, strict=True)
            found |= {str(k.value): v for k, v in pairs if isinstance(k, ast.Constant) and k.value in _DEFAULTS}
    return found


def _arguments_of_schedulers(file: PythonFile) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call):
            name = (file.dotted(node.func) or "").rpartition(".")[2]
            if name.endswith("Scheduler") or name == "configure":
                yield from ((keyword.arg or "", keyword.value) for keyword in node.keywords)


def _job(
    source: Source, file: PythonFile, function: str, given: Mapping[str, ast.expr], key: str
) -> tuple[Document, list[str]]:
    args = file.value(given["args"]) if "args" in given else []
    kwargs = file.value(given["kwargs"]) if "kwargs" in given else {}
    if not isinstance(args, list) or not isinstance(kwargs, dict) or not plain(args) or not plain(kwargs):
        raise InvalidInput.field("entry", msg="its arguments are no JSON")
    parameters = parameters_of(file, function, args, {str(name): value for name, value in kwargs.items()})
    job: Document = {
        "name": job_name(key),
        "description": f"Imported from {source.path}",
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
    if values.get("paused") is True or _is_paused(given):
        policies["enabled"] = False
        notes.append("it is paused, and so is its schedule")
    return policies, notes


def _is_paused(given: Mapping[str, ast.expr]) -> bool:
    node = given.get("next_run_time")
    return isinstance(node, ast.Constant) and node.value is None


def _limit(file: PythonFile, given: Mapping[str, ast.expr]) -> Document:
    """More than one instance at once is a cap on the job; a run beyond it waits, where APScheduler drops it."""
    if "max_instances" not in given:
        return {}
    most = file.value(given["max_instances"])
    if not isinstance(most, int) or most < 1:
        raise unreadable(given["max_instances"])
    return {} if most == 1 else {"maxConcurrentExecutions": most}
