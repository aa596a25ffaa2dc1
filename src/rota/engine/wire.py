"""How a worker over HTTP writes what it says, and reads what it is told: the shapes of `rota.api.exchange`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Any

from rota.domain.execution import Claim, State
from rota.domain.instant import SECOND, format_instant, parse_instant, seconds
from rota.domain.outcome import Cancelled, Deferred, Failed, Interrupted, Lost, Outcome, Succeeded, TimedOut
from rota.domain.retry import RetryPolicy
from rota.domain.transition import decide
from rota.engine.work_source import Ended, Exchange, Notes

_PARCEL_BYTES = 2 * 1_048_576
_MOST_ITEMS = 4_000
_LINE_BYTES = 100
_LONGEST_ERROR = 60_000
_WORDS: dict[type, str] = {
    Succeeded: "succeeded",
    Failed: "failed",
    TimedOut: "timedOut",
    Cancelled: "cancelled",
    Lost: "lost",
    Interrupted: "interrupted",
    Deferred: "deferred",
}


@dataclass(slots=True)
class Parcel:
    """As much of what is to be said as one request takes."""

    ended: list[Ended] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """The JSON of each of `ended`."""
    notes: Notes = field(default_factory=Notes)
    size: int = 0

    @property
    def full(self) -> bool:
        """Whether nothing more fits."""
        items = len(self.ended) + len(self.notes.lines) + len(self.notes.progress)
        return self.size >= _PARCEL_BYTES or items >= _MOST_ITEMS

    def body(self, sequence: int, slots: int, held: Sequence[str] | None) -> bytes:
        """The request."""
        said: dict[str, object] = {"sequence": sequence, "slots": slots}
        if held is not None:
            said["held"] = held
        if self.notes.lines:
            said["logs"] = [
                {"executionId": id, "leaseToken": token, "lines": [_line(line) for line in lines]}
                for (id, token), lines in groupby(self.notes.lines, key=lambda line: line[:2])
            ]
        if self.notes.progress:
            said["progress"] = [
                {"executionId": id, "leaseToken": token, "fraction": fraction, "message": message}
                for id, token, fraction, message in self.notes.progress
            ]
        return f'{_encoded(said)[:-1]},"ended":[{",".join(self.texts)}]}}'.encode("utf-8", "replace")


def parcels(ended: Sequence[Ended], notes: Notes) -> Iterator[Parcel]:
    """All that is to be said, in as many parcels as it takes, at least one. The lines of an attempt go before its end.

    An outcome that is no plain JSON is replaced by a failure that says so.
    """
    parcel = Parcel()
    for line in [*notes.lines, *(line for item in ended for line in item.lines)]:
        if parcel.full:
            yield parcel
            parcel = Parcel()
        parcel.notes.lines.append(line)
        parcel.size += len(line[5]) + _LINE_BYTES
    parcel.notes.progress += notes.progress
    for item in ended:
        if parcel.full:
            yield parcel
            parcel = Parcel()
        try:
            text = told(item)
        except (TypeError, ValueError, RecursionError):
            item = refusal(item, "it is not plain JSON")
            text = told(item)
        parcel.ended.append(item)
        parcel.texts.append(text)
        parcel.size += len(text)
    yield parcel


def refusal(item: Ended, why: str) -> Ended:
    """What stands in for an outcome that cannot be sent or stored."""
    return Ended(item.claim, Failed(f"the result cannot be stored: {why}", retryable=False))


def told(item: Ended) -> str:
    """An ended attempt as JSON. TypeError or ValueError when its outcome is no plain JSON."""
    claim, outcome = item.claim, item.outcome
    said: dict[str, object] = {
        "executionId": claim.id,
        "leaseToken": claim.token,
        "outcome": _WORDS[type(outcome)],
        **_particulars(outcome),
    }
    text = _encoded(said)
    text.encode()
    return text


def _particulars(outcome: Outcome) -> Mapping[str, object]:
    if isinstance(outcome, Succeeded):
        return {} if outcome.result is None else {"result": outcome.result}
    if isinstance(outcome, Failed):
        wait = None if outcome.retry_after is None else min(seconds(outcome.retry_after), 86_400)
        found = {
            "errorMessage": outcome.error[:_LONGEST_ERROR],
            "stackTrace": None if outcome.stack is None else outcome.stack[-_LONGEST_ERROR:],
            "retryable": None if outcome.retryable else False,
            "retryAfterSeconds": wait,
            "status": outcome.status,
            "result": outcome.result,
        }
        return {name: value for name, value in found.items() if value is not None}
    if isinstance(outcome, Deferred):
        return {"checkAfterSeconds": seconds(outcome.check_after), "handle": outcome.handle}
    if isinstance(outcome, TimedOut):
        return {}
    return {"errorMessage": outcome.reason[:_LONGEST_ERROR]}


def _line(line: Sequence[Any]) -> Mapping[str, object]:
    _, _, number, at, stream, text = line
    return {"line": number, "at": format_instant(at), "stream": stream, "text": text}


def exchange_of(document: Mapping[str, Any], ended: Sequence[Ended]) -> Exchange:
    """What a coordinator answered to `ended`. KeyError, TypeError or ValueError when it cannot be read."""
    now = parse_instant(document["now"])
    states = document["settled"]
    settled, refused = [], []
    for item in ended:
        settlement = decide(item.claim, item.outcome, now)
        if item.claim.id in states:
            settlement.state = State(states[item.claim.id])
            settled.append(settlement)
        else:
            refused.append(settlement)
    due = document["nextDue"]
    claims = [_claim(claim, now) for claim in document["claims"]]
    return Exchange(now, settled, refused, claims, document["cancelling"], None if due is None else parse_instant(due))


def _claim(document: Mapping[str, Any], now: int) -> Claim:
    """What follows from an outcome is decided by the coordinator: of the policies, only how many attempts there are."""
    get = document.get
    nominal_at = get("nominalAt")
    return Claim(
        document["executionId"],
        get("jobId"),
        document["type"],
        _text(get("parameters")),
        document["attempt"],
        int(document["leaseToken"]),
        round(document["timeoutSeconds"] * SECOND),
        _policy(document["maxAttempts"]),
        isolation=get("isolation"),
        handle=_text(get("handle")),
        schedule_id=get("scheduleId"),
        nominal_at=None if nominal_at is None else parse_instant(nominal_at),
        started_at=now,
        name=get("name"),
        trace=get("traceparent"),
    )


@lru_cache(maxsize=256)
def _policy(attempts: int) -> RetryPolicy:
    return RetryPolicy(retries=attempts - 1)


def _text(value: object) -> str | None:
    return None if value is None else _encoded(value)


_encoded = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
