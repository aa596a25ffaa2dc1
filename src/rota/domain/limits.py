"""What holds work back on purpose: caps on what runs at once, and rates of starts.

Caps and rates have names; whoever is under the same name shares it. `rota.domain.admission` decides with them.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rota.domain.fields import Fields
from rota.domain.instant import DAY, MILLISECOND, Duration, format_duration, parse_duration

FLEET = "*"
"""What the whole fleet is called among the queues."""

MOST = 1_000_000
"""The largest cap, and the largest count of a rate."""

_RATE = re.compile(r"\s*(\d{1,9})\s*/\s*(\S.*?)\s*")
_LONGEST_PERIOD: Duration = 366 * DAY
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PARAMETER = re.compile(r"[^\W\d][\w-]*")
_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` starts in any stretch of time of the length `per`."""

    count: int
    per: Duration

    def __str__(self) -> str:
        return f"{self.count}/{format_duration(self.per)}"


def parse_rate(value: object) -> Rate:
    """Read `"100/1m"` or `{"count": 100, "per": "1m"}`; in the text, the number before the unit may be left out.

    ValueError says what is wrong.
    """
    if isinstance(value, Mapping) and set(value) == {"count", "per"}:
        count, per = value["count"], value["per"]
    elif isinstance(value, str) and (found := _RATE.fullmatch(value)) is not None:
        count, per = int(found[1]), found[2] if found[2][0].isdigit() or found[2][0] == "P" else f"1{found[2]}"
    else:
        raise ValueError('a rate such as "100/1m" or {"count": 100, "per": "1m"}')
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST:
        raise ValueError(f"the count of a rate is a whole number from 1 to {MOST}")
    try:
        length = parse_duration(per)
    except ValueError as error:
        raise ValueError(f"the period of a rate: {error}") from None
    if not MILLISECOND <= length <= _LONGEST_PERIOD or length % MILLISECOND:
        raise ValueError("the period of a rate is whole milliseconds, at most 366 days")
    return Rate(count, length)


def read_rate(fields: Fields, name: str) -> Rate | None:
    """A rate among the fields of a document."""
    found = fields.value(name)
    try:
        return None if found is None else parse_rate(found)
    except ValueError as error:
        fields.refuse(name, str(error))
        return None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one execution is under: caps and rates, each by its name."""

    caps: tuple[tuple[str, int], ...] = ()
    rates: tuple[tuple[str, Rate], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.caps or self.rates)

    def __add__(self, other: "Limits") -> "Limits":
        return Limits(self.caps + other.caps, self.rates + other.rates)

    def to_json(self) -> str | None:
        """The JSON text, as stored; None where nothing limits."""
        if not self:
            return None
        rates = [[name, rate.count, rate.per] for name, rate in self.rates]
        return json.dumps([self.caps, rates], ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def from_json(text: str | None) -> "Limits":
        """Read what `to_json` wrote; cached by the text."""
        return UNLIMITED if text is None else _from_json(text)


UNLIMITED = Limits()


@lru_cache(maxsize=4096)
def _from_json(text: str) -> Limits:
    caps, rates = json.loads(text)
    return Limits(
        tuple((name, most) for name, most in caps), tuple((name, Rate(count, per)) for name, count, per in rates)
    )


def job_name(job_id: str) -> str:
    """The name of what limits a job."""
    return f"job:{job_id}"


def queue_name(queue: str) -> str:
    """The name of what limits a queue; `*` is the whole fleet."""
    return f"queue:{queue}"


def key_name(template: str, parameters: object) -> str:
    """The name of what limits a concurrency key: the template with the values of the parameters that it names.

    A text stands for itself, anything else as JSON; what is missing is `null`. A long name ends in a digest.
    """
    values = parameters if isinstance(parameters, Mapping) else {}

    def value(found: re.Match[str]) -> str:
        given = values.get(found[1])
        return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, sort_keys=True)

    key = _PLACEHOLDER.sub(value, template)
    if len(key) > _LONGEST_KEY:
        key = f"{key[:_LONGEST_KEY]}#{hashlib.sha256(key.encode(errors='surrogatepass')).hexdigest()[:16]}"
    return f"key:{key}"


def problem_with_key(template: str) -> str | None:
    """Why a text cannot be the template of a concurrency key, or None when it can."""
    if any(_PARAMETER.fullmatch(name) is None for name in _PLACEHOLDER.findall(template)):
        return "what stands in braces is the name of a parameter, such as {customerId}"
    if set(_PLACEHOLDER.sub("", template)) & set("{}"):
        return "a brace is not closed, or not opened"
    return None
