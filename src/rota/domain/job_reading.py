"""Reading a job definition: its names and their synonyms, numbers for words, every problem at once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from rota.domain.execution import DEFAULT_TIMEOUT
from rota.domain.fields import Fields
from rota.domain.instant import DAY, HOUR, SECOND, Duration
from rota.domain.limits import MOST, problem_with_key, read_rate
from rota.domain.parameters import problem_with
from rota.domain.retry import OnLost, RetryPolicy, Strategy


class Environment(StrEnum):
    """Where an installation stands."""

    DEV = "DEV"
    HOM = "HOM"
    PROD = "PROD"


class ExecutionMode(StrEnum):
    """How far from the worker the work runs."""

    IN_PROCESS = "inProcess"
    OUT_OF_PROCESS = "outOfProcess"
    CONTAINER = "container"


class Isolation(StrEnum):
    """Where a python function runs: on the worker's loop, in a thread of it, or in a process of its own."""

    INLINE = "inline"
    THREAD = "thread"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What an installation chooses for jobs that leave it out."""

    timeout: Duration = DEFAULT_TIMEOUT
    retries: int = 3
    strategy: Strategy = Strategy.EXPONENTIAL


SCHEDULE_FIELDS = ("cronExpression", "timeZone", "schedule", "schedules")
"""The fields of a definition that describe its schedules; read by `rota.domain.job_schedules`."""

_LONGEST_TIMEOUT = 366 * DAY
_MOST_TAGS = 50
_QUEUE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,99}")
_ENVIRONMENT_FLAGS = {1: Environment.DEV, 2: Environment.HOM, 4: Environment.PROD}
_MODES = {1: ExecutionMode.IN_PROCESS, 2: ExecutionMode.OUT_OF_PROCESS, 3: ExecutionMode.CONTAINER}
_STRATEGIES = {1: Strategy.LINEAR, 2: Strategy.EXPONENTIAL, 3: Strategy.EXPONENTIAL_JITTER}
_STRATEGY_SYNONYMS = {"exponentialwithjitter": Strategy.EXPONENTIAL_JITTER}
_BETWEEN_WORDS = str.maketrans("", "", " -_")
_Choice = TypeVar("_Choice", bound=StrEnum)


def read_job(fields: Fields, defaults: Defaults) -> dict[str, Any]:
    """The values of `rota.domain.job.Job`. What is wrong is recorded in `fields`."""
    for name in SCHEDULE_FIELDS:
        fields.value(name)
    return {
        "name": _text(fields, "name", 200, required=True) or "",
        "type": _type(fields) or "",
        "description": _text(fields, "description", 10_000),
        "category": _text(fields, "category", 200),
        "tags": _tags(fields),
        "parameters": _parameters(fields),
        "parameters_schema": _schema(fields),
        "queue": _queue(fields),
        "priority": fields.integer("priority", -1000, 1000) or 0,
        "timeout": _timeout(fields, defaults),
        "retry": _retry(fields, defaults),
        "max_concurrent": fields.integer("maxConcurrentExecutions", 1, MOST),
        **_key(fields),
        "rate": read_rate(fields, "rateLimit"),
        "environments": _environments(fields),
        "mode": _numbered(fields, "executionMode", ExecutionMode, _MODES),
        "isolation": fields.choice("isolation", Isolation),
        "on_lost": fields.choice("onLost", OnLost) or OnLost.RETRY,
        "owner_name": _text(fields, "ownerName", 200),
        "owner_email": _text(fields, "ownerEmail", 320),
        "team_name": _text(fields, "teamName", 200),
        "escalation_contact": _text(fields, "escalationContact", 500),
    }


def _text(fields: Fields, name: str, longest: int, *, required: bool = False) -> str | None:
    found = fields.text(name, longest=longest, required=required)
    if found is not None and not is_plain(found):
        fields.refuse(name, "control characters and unpaired surrogates cannot be stored")
        return None
    return found


def is_plain(text: str) -> bool:
    """Whether every store can keep the text and every screen can show it: line breaks and tabs are the only controls."""
    return not any((code < " " and code not in "\n\r\t") or "\ud800" <= code <= "\udfff" for code in text)


def _chosen(fields: Fields, *names: str) -> str:
    """Which of several names of one field is used; different values under two of them are refused."""
    present = [name for name in names if fields.has(name)]
    values = [fields.value(name) for name in names]
    values = [value for value in values if value is not None]
    if len(present) > 1 and any(value != values[0] for value in values):
        fields.refuse(present[1], f"differs from {present[0]}, which means the same")
    return present[0] if present else names[0]


def _type(fields: Fields) -> str | None:
    target = _execution_target(fields)
    name = _chosen(fields, "jobType", "type")
    found = _text(fields, name, 2048, required=target is None)
    if found is not None and target is not None and found != target:
        fields.refuse(name, f"differs from executionAssembly and executionTypeName, which mean {target!r}")
    if found is not None and ("\n" in found or "\r" in found or found != found.strip()):
        fields.refuse(name, "one line without blanks around it")
    return found or target


def _execution_target(fields: Fields) -> str | None:
    """`module:callable` for an assembly and the full name of a type in it."""
    assembly = _text(fields, "executionAssembly", 500)
    if not fields.has("executionTypeName"):
        if assembly is not None:
            fields.refuse("executionTypeName", "required beside executionAssembly")
        fields.value("executionTypeName")
        return None
    type_name = _text(fields, "executionTypeName", 500)
    if type_name is None:
        return None
    if assembly is None:
        module, _, name = type_name.rpartition(".")
        return f"{module}:{name}" if module else name
    module = re.sub(r"[.](dll|exe)$", "", assembly, flags=re.IGNORECASE)
    return f"{module}:{type_name.removeprefix(f'{module}.')}"


def _tags(fields: Fields) -> tuple[str, ...]:
    found = fields.value("tags")
    if found is None:
        return ()
    if not isinstance(found, list | tuple) or len(found) > _MOST_TAGS:
        fields.refuse("tags", f"a list of at most {_MOST_TAGS} texts")
        return ()
    tags: list[str] = []
    for position, tag in enumerate(found):
        if not isinstance(tag, str) or not 1 <= len(tag.strip()) <= 100 or not is_plain(tag) or "\n" in tag:
            fields.refuse("tags", "a text of 1 to 100 characters on one line", position)
        elif tag not in tags:
            tags.append(tag)
    return tuple(tags)


def _parameters(fields: Fields) -> object:
    name = _chosen(fields, "parameters", "payload")
    found = fields.value(name)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        fields.refuse(name, "a JSON object")
        return {}
    if (problem := problem_with(found)) is not None:
        fields.refuse(name, problem)
    return found


def _schema(fields: Fields) -> object:
    found = fields.value("parametersSchema")
    if found is None:
        return None
    if not isinstance(found, Mapping):
        fields.refuse("parametersSchema", "a JSON Schema object")
    elif (problem := problem_with(found)) is not None:
        fields.refuse("parametersSchema", problem)
    return found


def _queue(fields: Fields) -> str:
    found = fields.text("queue", longest=100)
    if found is not None and not is_queue(found):
        fields.refuse("queue", "letters, digits and _ . : / - only")
    return found or "default"


def is_queue(name: str) -> bool:
    """Whether a text can name a queue."""
    return _QUEUE.fullmatch(name) is not None


def _key(fields: Fields) -> dict[str, object]:
    key = _text(fields, "concurrencyKey", 200)
    most = fields.integer("maxConcurrentPerKey", 1, MOST)
    if key is not None and (problem := problem_with_key(key)) is not None:
        fields.refuse("concurrencyKey", problem)
    if most is not None and key is None:
        fields.refuse("maxConcurrentPerKey", "takes a concurrencyKey beside it")
    return {"concurrency_key": key, "max_per_key": 1 if most is None else most}


def _timeout(fields: Fields, defaults: Defaults) -> Duration:
    found = fields.duration("timeoutSeconds")
    if found is not None and not 0 < found <= _LONGEST_TIMEOUT:
        fields.refuse("timeoutSeconds", "more than zero and at most 366 days")
    return defaults.timeout if found is None else found


def _retry(fields: Fields, defaults: Defaults) -> RetryPolicy:
    retries = fields.integer(_chosen(fields, "retryCount", "maxRetries"), 0, 1000)
    strategy = _numbered(fields, "retryStrategy", Strategy, _STRATEGIES, _STRATEGY_SYNONYMS)
    base = fields.duration("baseDelaySeconds")
    longest = fields.duration("maxDelaySeconds")
    base = SECOND if base is None else base
    if longest is not None and longest < base:
        fields.refuse("maxDelaySeconds", "less than baseDelaySeconds")
    return RetryPolicy(
        defaults.retries if retries is None else retries,
        strategy or defaults.strategy,
        base,
        max(HOUR, base) if longest is None else longest,
        _statuses(fields),
    )


def _statuses(fields: Fields) -> tuple[int, ...]:
    found = fields.value("permanentStatuses")
    if found is None:
        return ()
    if not isinstance(found, list | tuple) or not all(_is_status(status) for status in found):
        fields.refuse("permanentStatuses", "a list of HTTP statuses from 100 to 599")
        return ()
    return tuple(sorted(set(found)))


def _is_status(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599


def _environments(fields: Fields) -> tuple[Environment, ...]:
    found = fields.value("allowedEnvironments")
    if found is None:
        return tuple(Environment)
    names: Sequence[object]
    if isinstance(found, int) and not isinstance(found, bool) and 1 <= found <= 7:
        return tuple(name for flag, name in _ENVIRONMENT_FLAGS.items() if found & flag)
    if isinstance(found, str):
        names = list(Environment) if found.strip().lower() == "all" else [name.strip() for name in found.split(",")]
    else:
        names = found if isinstance(found, list | tuple) else ()
    known = [Environment(name.upper()) for name in names if isinstance(name, str) and name.upper() in set(Environment)]
    if not names or len(known) != len(names):
        fields.refuse("allowedEnvironments", "a list of DEV, HOM and PROD, or the sum of their flags 1, 2 and 4")
    return tuple(name for name in Environment if name in known)


def _numbered(
    fields: Fields,
    name: str,
    kind: type[_Choice],
    numbers: Mapping[int, _Choice],
    synonyms: Mapping[str, _Choice] | None = None,
) -> _Choice | None:
    """A member of an enumeration by its name, in any case and however its words are joined, or by its number."""
    found = fields.value(name)
    if found is None:
        return None
    member: _Choice | None = None
    if isinstance(found, str):
        word = found.lower().translate(_BETWEEN_WORDS)
        member = next((m for m in kind if m.value.lower() == word), (synonyms or {}).get(word))
    elif isinstance(found, int) and not isinstance(found, bool):
        member = numbers.get(found)
    if member is None:
        words = [*(f"{number} ({word})" for number, word in numbers.items())]
        words += [word for word in kind if word not in numbers.values()]
        fields.refuse(name, f"one of {', '.join(words)}")
    return member
