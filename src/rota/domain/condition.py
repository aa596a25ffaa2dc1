"""Conditions: an expression that has to hold for an instant to fire, in the Common Expression Language (cel.dev).

CEL touches nothing and ends always; `condition_cost` sees to it that it ends soon. An expression sees the facts of
`Facts`, by these names and no others.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from rota.domain.condition_cost import bare, excess, refusal
from rota.domain.errors import InvalidInput
from rota.domain.fields import Fields
from rota.domain.instant import SECOND, Duration

NAMES = ("day", "environment", "nominal", "parameters", "previous", "probe")
_LONGEST = 2000
_LONGEST_URL = 2048
_PROBE_TIMEOUT: Duration = 5 * SECOND
_LONGEST_PROBE: Duration = 30 * SECOND
_FORESEEN = frozenset({"day", "environment", "nominal"})
_BINDING = re.compile(r"[(]\s*([A-Za-z_][A-Za-z0-9_]*)\s*,")
_MISSING = "conditions need the extra 'conditions': pip install 'rota-scheduler[conditions]'"


@dataclass(frozen=True, slots=True)
class Probe:
    """A question over HTTP that is asked when an instant is due, and whose answer the expression sees."""

    url: str
    timeout: Duration = _PROBE_TIMEOUT


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression, and what is asked before it."""

    expression: str
    probe: Probe | None = None

    @property
    def is_foreseeable(self) -> bool:
        """Whether it asks only for what is known ahead: the day, the instant, the environment."""
        named = set(_program(self.expression).variables()) & set(NAMES)
        return self.probe is None and named <= _FORESEEN

    def document(self) -> object:
        """The expression alone, or an object where there is a probe."""
        if self.probe is None:
            return self.expression
        probe: dict[str, object] = {"url": self.probe.url}
        if self.probe.timeout != _PROBE_TIMEOUT:
            probe["timeout"] = self.probe.timeout / SECOND
        return {"expression": self.expression, "probe": probe}


@dataclass(frozen=True, slots=True)
class Facts:
    """What an expression sees: JSON values.

    `day` tells the local day (`date`, `year`, `month`, `day`, `weekday` such as "MON", `working`, `holiday` or not,
    `businessDay` of the month or 0, `businessDaysLeft`, `lastBusinessDay`, `lastOfMonth`); `previous` the job's last
    finished execution (`state`, "" before the first, `result`, `error`, `ageSeconds`); `probe` the answer of the probe
    (`ok`, `status`, `body`, `error`).
    """

    nominal: str
    environment: str
    day: Mapping[str, object] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)
    previous: Mapping[str, object] = field(default_factory=dict)
    probe: Mapping[str, object] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """By name."""
        return {name: getattr(self, name) for name in NAMES}


def read_condition(fields: Fields) -> Condition | None:
    """`condition`: an expression, or `{"expression": …, "probe": {"url": …, "timeout"?: …}}`."""
    if not isinstance(fields.value("condition"), Mapping):
        text = fields.text("condition", longest=_LONGEST)
        return None if text is None or not _compiles(fields, "condition", text) else Condition(text)
    inner = fields.inner("condition")
    assert inner is not None
    text = inner.text("expression", longest=_LONGEST, required=True)
    asked = inner.inner("probe") if inner.has("probe") else None
    probe = None if asked is None else _read_probe(asked)
    inner.refuse_unknown()
    if text is None or not _compiles(inner, "expression", text):
        return None
    return Condition(text, probe)


def holds(condition: Condition, facts: Facts) -> tuple[bool, str]:
    """Whether an instant may fire, and if not, why: in the words of the expression and of what it saw."""
    try:
        program, values = _program(condition.expression), facts.values()
        costly = excess(condition.expression, values)
        if costly:
            return False, f"{condition.expression} is too much to evaluate: {costly}"
        if _program(_choosing(condition.expression)).execute(values):
            return True, ""
    except InvalidInput as error:
        return False, error.detail
    except Exception as error:  # the library raises its own errors and Python's, by the kind of mistake
        return False, f"{condition.expression} is neither true nor false: {' '.join(str(error).split())[:500]}"
    return False, f"{condition.expression} is false: {_seen(program, facts)}"


def _choosing(text: str) -> str:
    """The expression as a choice, so that what is neither true nor false is refused before it becomes a Python value."""
    return f"({text}\n) ? true : false"


def _read_probe(fields: Fields) -> Probe | None:
    url = fields.text("url", longest=_LONGEST_URL, required=True)
    timeout = fields.duration("timeout")
    fields.refuse_unknown()
    if url is not None and not url.lower().startswith(("http://", "https://")):
        fields.refuse("url", "an http or https URL")
        return None
    if timeout is not None and not 0 < timeout <= _LONGEST_PROBE:
        fields.refuse("timeout", "more than 0 and at most 30 s")
        return None
    return None if url is None else Probe(url, _PROBE_TIMEOUT if timeout is None else timeout)


def _compiles(fields: Fields, name: str, text: str) -> bool:
    try:
        program = _program(text)
        _program(_choosing(text))
    except InvalidInput as error:
        fields.refuse(name, error.detail)
        return False
    costly = refusal(text)
    if costly:
        fields.refuse(name, costly)
        return False
    unknown = [found for found in program.variables() if found not in NAMES and found not in _bound(text)]
    if unknown:
        fields.refuse(name, f"it does not know {unknown[0]!r}; there are {', '.join(NAMES)}")
        return False
    return True


def _bound(text: str) -> set[str]:
    """Names that macros such as `list.exists(x, …)` bind in an expression."""
    return set(_BINDING.findall(bare(text)))


def _seen(program: Any, facts: Facts) -> str:
    values = facts.values()
    told = ", ".join(f"{name} = {values[name]}" for name in program.variables() if name in values)
    return told if len(told) <= 500 else f"{told[:499]}…"


@lru_cache(maxsize=4096)
def _program(text: str) -> Any:
    try:
        import cel
    except ImportError:
        raise InvalidInput(_MISSING, [((), _MISSING)]) from None
    try:
        return cel.compile(text)
    except Exception as error:
        said = f"no expression: {' '.join(str(error).split())[:300]}"
        raise InvalidInput(said, [((), said)]) from None
