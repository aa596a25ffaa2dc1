"""What a condition may cost: judged by its text when it is read, and by what it sees before it is evaluated.

The language ends always, but the library that evaluates it copies lists at every step and cannot be interrupted: too
large a list ends the process. The bounds were measured; each keeps an expression below about a second and 1 GB.
"""

import re
from collections.abc import Iterable, Mapping

_OPAQUE = re.compile(
    r"""(?P<comment>//[^\n]*)|(?P<prefix>[bB]?[rR][bB]?)(?P<raw>"{3}|'{3}|["']).*?(?P=raw)"""
    r"""|(?P<quote>"{3}|'{3}|["'])(?:\\.|(?!(?P=quote)).)*(?P=quote)""",
    re.DOTALL,
)
"""Comments and literals of the language, in which parentheses and names mean nothing."""
_MACRO = re.compile(r"\.\s*(all|exists\w*|map|filter|transform\w*|opt\w*Map|sortBy|reduce|bind)\s*[(]", re.ASCII)
_MATCHES = re.compile(r"""\bmatches\s*[(](?:\s*"(?P<literal>\d+)"\s*[)])?""", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_COUNT = re.compile(r"[{]\s*(\d*)\s*,?\s*(\d*)", re.ASCII)
_DISGUISED = re.compile(r"(?<!\\)(?:\\\\)*\\[xXuU0-7]")
"""Escapes of a literal that may stand for a brace or a digit of its pattern."""
_MOST_SUMS = 16
_MOST_MATCHES = 4
_LONGEST_PATTERN = 100
_MOST_REPEATED = 100
_LARGEST_COPY = 1_000_000
"""Values that an expression may name in all: a list in a literal and the sides of a sum are copies."""
_MOST_WORK = 20_000_000
"""Values that a macro may touch."""
_CHARACTERS_PER_VALUE = 64


def bare(text: str) -> str:
    """The expression without its comments, each literal replaced by its number in quotes."""
    return _bare(text)[0]


def refusal(text: str) -> str | None:
    """Why an expression that compiles is too costly whatever it sees, or None."""
    shown, literals = _bare(text)
    macros = len(_MACRO.findall(shown))
    if macros > 1:
        return "at most one macro such as exists or map: each multiplies the work of another"
    if macros and "+" in shown:
        return "no + beside a macro such as exists or map, which would let lists grow"
    if shown.count("+") > _MOST_SUMS:
        return f"at most {_MOST_SUMS} of +, each of which copies what is on its left"
    calls = list(_MATCHES.finditer(shown))
    if calls and macros:
        return "no matches beside a macro such as exists or map, which would read the pattern for each item anew"
    if len(calls) > _MOST_MATCHES:
        return f"at most {_MOST_MATCHES} of matches"
    for call in calls:
        refused = _pattern_refusal(None if call["literal"] is None else literals[int(call["literal"])])
        if refused:
            return refused
    return None


def excess(text: str, values: Mapping[str, object]) -> str | None:
    """Why an expression is too costly with the JSON values it would see by their names, or None.

    A macro visits each item of a list, and may look at everything for each; `map` copies its result at each step too.
    """
    shown = bare(text)
    named = [name for name in _NAME.findall(shown) if name in values]
    size = sum(_size(values[name]) for name in set(named))
    touched = size * len(named)
    if touched > _LARGEST_COPY:
        return f"it names {size} values {len(named)} times; at most {_LARGEST_COPY} in all"
    macro = _MACRO.search(shown)
    if macro is None:
        return None
    steps = size + len(shown)
    work = max(touched, steps) * steps * (steps if macro[1] == "map" else 1)
    if work > _MOST_WORK:
        return f"{macro[1]} would go over too much: what the expression names holds {size} values"
    return None


def _bare(text: str) -> tuple[str, list[str]]:
    literals: list[str] = []

    def replaced(found: re.Match[str]) -> str:
        if found["comment"] is not None:
            return " "
        literals.append(found[0])
        return f'"{len(literals) - 1}"'

    return _OPAQUE.sub(replaced, text), literals


def _pattern_refusal(literal: str | None) -> str | None:
    """A pattern takes time by its length once its counts are written out, times the length of the text."""
    if literal is None:
        return 'the pattern of matches is written out, as in text.matches("^a")'
    if len(literal) > _LONGEST_PATTERN:
        return f"a pattern of at most {_LONGEST_PATTERN} characters"
    if literal[0] in "\"'" and _DISGUISED.search(literal):
        return r"""a pattern with \x, \u or \0 to \7 is written raw, as in r'\x20'"""
    repeated = 1
    for least, most in _COUNT.findall(literal):
        repeated *= max(1, int(least or 1), int(most or 1))
    if repeated > _MOST_REPEATED:
        return f"a pattern that repeats at most {_MOST_REPEATED} times: its counts in braces are multiplied"
    return None


def _size(value: object) -> int:
    """JSON values in a value, with long texts as several."""
    size, open_ones = 0, [value]
    while open_ones:
        one = open_ones.pop()
        size += 1
        if isinstance(one, str):
            size += len(one) // _CHARACTERS_PER_VALUE
        elif isinstance(one, Mapping):
            open_ones.extend(_both(one))
        elif isinstance(one, list | tuple):
            open_ones.extend(one)
    return size


def _both(pairs: Mapping[str, object]) -> Iterable[object]:
    yield from pairs
    yield from pairs.values()
