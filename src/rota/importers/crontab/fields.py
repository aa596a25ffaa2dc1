"""The five fields of a crontab entry: which values they name by cronie's rules, and the expression that Rota reads.

The grammar is that of cronie's `src/entry.c` with the random ranges (`0~59`) of its later versions. What it refuses is
refused here, even where Rota knows more forms.
"""

import re
from dataclasses import dataclass

from rota.domain.errors import InvalidInput
from rota.importers.clock_sets import listed

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_LONGEST_STEP = 9999
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORD = "[0-9]{1,9}|[A-Za-z]{1,9}"
_ITEM = re.compile(
    rf"(?:(?P<star>\*)|(?P<low>{_WORD})?(?P<random>~)(?P<high>{_WORD})?|(?P<first>{_WORD})(?:-(?P<last>{_WORD}))?)"
    r"(?:/(?P<step>[0-9]{1,9}))?"
)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class _Item:
    values: range
    text: str
    random: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """When an entry runs. `cron` is the expression for Rota.

    `wildcard`: cronie's MIN_STAR or HR_STAR, an entry that follows real time when the clock changes. `both_days`: its
    DOM_STAR or DOW_STAR, day of month and day of week must both match. `random`: it names no fixed times. Weekdays
    count from Sunday = 0.
    """

    cron: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    wildcard: bool
    both_days: bool
    random: bool


def read_rule(fields: list[str]) -> Rule:
    """Read five fields. InvalidInput names the first one that cronie would refuse."""
    read = [[_item(text, field) for text in part.split(",")] for part, field in zip(fields, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = (
        frozenset(value for item in items for value in item.values) for items in read
    )
    texts = [
        _fixed(items) if place < 2 and not part.startswith("*") else ",".join(item.text for item in items)
        for place, (part, items) in enumerate(zip(fields, read, strict=True))
    ]
    return Rule(
        cron=" ".join(texts),
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        wildcard=fields[0].startswith("*") or fields[1].startswith("*"),
        both_days=fields[2].startswith("*") or fields[4].startswith("*"),
        random=any(item.random for items in read for item in items),
    )


def _fixed(items: list[_Item]) -> str:
    """A minute or hour that cronie counts as a fixed time: steps are written out, for Rota takes `/` for an interval."""
    drawn = [item.text for item in items if item.random]
    values = frozenset(value for item in items if not item.random for value in item.values)
    return ",".join([*([listed(values)] if values else []), *drawn])


def _item(text: str, field: _Field) -> _Item:
    match = _ITEM.fullmatch(text)
    if match is None:
        raise _refused(field, text)
    step = None if match["step"] is None else int(match["step"])
    if step == 0:
        raise _refused(field, text, "a step is at least 1")
    if match["star"]:
        suffix = "" if step is None else f"/{min(step, _LONGEST_STEP)}"
        return _Item(range(field.low, field.high + 1, step or 1), f"*{suffix}")
    low = _value(match["low"] or match["first"], field, field.low)
    high = _value(match["high"] or match["last"], field, field.high if match["random"] else low)
    if high < low:
        raise _refused(field, text, f"{high} comes before {low}")
    suffix = "" if step is None else f"/{min(step, _LONGEST_STEP)}"
    if match["random"]:
        return _Item(range(low, high + 1), f"H({low}-{high}){suffix}", random=True)
    if step is not None and match["last"] is None:
        raise _refused(field, text, "a step belongs to a range or *")
    shown = f"{low}{suffix}" if high == low and step is None else f"{low}-{high}{suffix}"
    return _Item(range(low, high + 1, step or 1), shown)


def _value(text: str | None, field: _Field, absent: int) -> int:
    if text is None:
        return absent
    if text.lower() in field.names:
        return field.names.index(text.lower()) + field.low
    if not text.isdigit() or not field.low <= int(text) <= field.high:
        raise _refused(field, text, f"it is {field.low}-{field.high}")
    return int(text)


def _refused(field: _Field, text: str, why: str = "") -> InvalidInput:
    return InvalidInput.field("entry", msg=f"bad {field.name} {text[:30]!r}" + (f": {why}" if why else ""))
