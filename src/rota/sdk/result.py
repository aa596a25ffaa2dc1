"""What a call of a job function comes to: from a returned value or an exception to an `Outcome`, and to JSON."""

import dataclasses
import json
import os
import traceback
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import TracebackType
from typing import Any
from uuid import UUID

from rota.domain.outcome import Deferred, Failed, Outcome, Succeeded
from rota.domain.parameters import DEEPEST, is_deeper
from rota.sdk.failures import PermanentError, RetryLater

RESULT_BYTES = 1_048_576
"""The most that a result may take as JSON."""

_SHORT_INTEGER = 2**63
"""Below it, a whole number needs no look at its JSON text."""

STACK_BYTES = 16_384
ERROR_CHARACTERS = 4_096

_TOO_DEEP = f"result is nested more than {DEEPEST} levels deep"
_NOTHING = Succeeded()
_OUTCOMES: dict[str, type[Any]] = {kind.__name__: kind for kind in Outcome.__args__}
_KINDS = frozenset(_OUTCOMES.values())
_NOT_USER_CODE = (
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep,
    os.path.join(os.path.dirname(os.__file__), "asyncio") + os.sep,
)


def outcome_of(value: object) -> Outcome:
    """The outcome of a function that returned `value`.

    An outcome passes through. Anything else is the result of a success, as plain JSON; what is not JSON, more than
    `RESULT_BYTES` of it or deeper than `DEEPEST` is a permanent failure: trying again would only repeat the side
    effects.
    """
    if value is None:
        return _NOTHING
    try:
        if type(value) in _KINDS:
            return _plain_outcome(value)
        if type(value) is bool or (type(value) is int and abs(value) < _SHORT_INTEGER):
            return Succeeded(value)
        return Succeeded(json.loads(to_json(value)))
    except ValueError as error:
        return Failed(str(error), retryable=False)


def failure_of(error: BaseException) -> Failed:
    """The outcome of a function that raised. The stack starts at the first frame of user code."""
    stack = _stack(error)
    message = _message(error)
    if isinstance(error, RetryLater):
        return Failed(message, stack, retry_after=error.after)
    if isinstance(error, PermanentError):
        return Failed(message, stack, retryable=False)
    name = type(error).__name__
    return Failed(f"{name}: {message}" if message else name, stack)


def to_json(value: object) -> bytes:
    """The JSON text of a result, in UTF-8. ValueError says why it has none, or that it is too large or too deep."""
    try:
        text = json.dumps(value, default=_default, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except Exception as error:  # a model of the application may raise anything while it is written
        raise ValueError(f"result is not JSON: {error}") from error
    if len(text) > RESULT_BYTES:
        raise ValueError(f"result is {len(text)} bytes of JSON; the limit is {RESULT_BYTES} (1 MiB)")
    if text.count(b"[") + text.count(b"{") > DEEPEST and _is_too_deep(text):
        raise ValueError(_TOO_DEEP)
    return text


def is_outcome(value: object) -> bool:
    """Whether the value says by itself what is to follow."""
    return type(value) in _KINDS


def pack(outcome: Outcome) -> list[object]:
    """An outcome as plain JSON, for another process."""
    return [type(outcome).__name__, {f.name: getattr(outcome, f.name) for f in dataclasses.fields(outcome)}]


def unpack(packed: list[Any]) -> Outcome:
    """What `pack` wrote."""
    name, values = packed
    made: Outcome = _OUTCOMES[name](**values)
    return made


def printable(text: str) -> str:
    """The text without what no database takes: NUL and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _is_too_deep(text: bytes) -> bool:
    try:
        return is_deeper(json.loads(text), DEEPEST)
    except RecursionError:
        return True


def _plain_outcome(value: Any) -> Outcome:
    """The outcome with its payload as plain JSON."""
    outcome: Outcome = value
    if isinstance(outcome, Succeeded | Failed) and outcome.result is not None:
        return dataclasses.replace(outcome, result=json.loads(to_json(outcome.result)))
    if isinstance(outcome, Deferred) and outcome.handle is not None:
        return dataclasses.replace(outcome, handle=json.loads(to_json(outcome.handle)))
    return outcome


def _default(value: Any) -> object:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID | PurePath):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(value, "model_dump") and not isinstance(value, type):  # a pydantic model, without importing pydantic
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _message(error: BaseException) -> str:
    try:
        return printable(str(error))[:ERROR_CHARACTERS]
    except Exception:
        return "(the exception has no text)"


def _stack(error: BaseException) -> str:
    trace = _user_frames(error.__traceback__) or error.__traceback__
    try:
        lines = traceback.format_exception(type(error), error, trace)
    except Exception:
        return "(the exception cannot be written)"
    text = printable("".join(lines)).encode()
    if len(text) > STACK_BYTES:
        text = b"...\n" + text[4 - STACK_BYTES :]
    return text.decode("utf-8", "ignore")


def _user_frames(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_NOT_USER_CODE):
        trace = trace.tb_next
    return trace
