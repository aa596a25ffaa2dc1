"""Reading JSON that every reader agrees about: what parsers differ on is refused before anything looks at it."""

import json
from typing import Any, NoReturn

from rota.domain.errors import InvalidInput

DEEPEST = 32
_LARGEST_INTEGER = 2**63 - 1
_DIGITS = 19


def parse(body: bytes) -> Any:
    """The value of a JSON text. InvalidInput for anything that is not plain, bounded JSON.

    Refused besides bad syntax: duplicate keys, NaN and infinities, numbers beyond 64 bits, NUL characters, lone
    surrogates, invalid UTF-8, and nesting deeper than `DEEPEST`.
    """
    try:
        value = _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise _refusal("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _refusal(f"not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise _refusal(f"nested deeper than {DEEPEST}") from None
    if b"\\u" in body or body.count(b"{") + body.count(b"[") > DEEPEST:
        _inspect(value, b"\\u" in body)
    return value


def _refusal(message: str) -> InvalidInput:
    return InvalidInput(f"the body is refused: {message}", [(("body",), message)])


def _inspect(root: object, look_at_text: bool) -> None:
    """Check the depth and, where escapes may have brought them in, the characters."""
    level: list[object] = [root]
    for _ in range(DEEPEST + 1):
        following: list[object] = []
        for value in level:
            if isinstance(value, dict):
                if look_at_text:
                    for key in value:
                        _check_text(key)
                following.extend(value.values())
            elif isinstance(value, list):
                following.extend(value)
            elif look_at_text and isinstance(value, str):
                _check_text(value)
        if not following:
            return
        level = following
    raise _refusal(f"nested deeper than {DEEPEST}")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise _refusal("a text holds a NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise _refusal("a text holds half a surrogate pair")


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS + 1 or not -_LARGEST_INTEGER - 1 <= int(digits) <= _LARGEST_INTEGER:
        raise _refusal("a whole number needs more than 64 bits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _refusal("a number is too large")
    return value


def _constant(name: str) -> NoReturn:
    raise _refusal(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _refusal("an object names a key twice")
    return value


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_constant, object_pairs_hook=_object)
