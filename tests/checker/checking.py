"""Every check in its order, and how what they find is told."""

from collections.abc import Callable, Iterator, Sequence

from checker import across, single
from checker.journal import History, Violation
from checker.single import Case, Trace
from rota.domain.instant import Instant, format_instant

OF_ONE: Sequence[Callable[[Case, Trace], Iterator[Violation]]] = (
    single.ended,
    single.tallied,
    single.fenced,
    single.excluded,
    single.witnessed,
    single.recovered,
    single.self_fenced,
)
OF_ALL: Sequence[Callable[[Case], Iterator[Violation]]] = (
    across.fired_once,
    across.capped,
    across.ordered,
    across.workers_ended,
)


def check(history: History) -> list[Violation]:
    """Every violation of I1-I12, the earliest first; none is what is promised."""
    case = single.prepare(history)
    found: list[Violation] = []
    for trace in case.traces.values():
        found += single.walk(trace, case.history.terms.slack)
        for of_one in OF_ONE:
            found += of_one(case, trace)
    for of_all in OF_ALL:
        found += of_all(case)
    return sorted(found, key=lambda one: one.at or float("inf"))


def told(history: History, violations: Sequence[Violation], most: int = 10) -> str:
    """What is wrong: the violations, the timeline of the first execution that shows one, and how to see it again."""
    if not violations:
        return "no invariant is broken"
    first = violations[0]
    lines = [f"{one.invariant} {one.subject}: {one.sentence}" for one in violations[:most]]
    if len(violations) > most:
        lines.append(f"… and {len(violations) - most} more")
    lines += ["", f"what happened to {first.subject}:", *_timeline(history, first)]
    lines += ["", f"seed {history.seed or 'unknown'}; again: {history.replay or 'unknown'}"]
    return "\n".join(lines)


def _timeline(history: History, first: Violation) -> list[str]:
    """The journal, the witness and the requests of one execution, merged by time, with the faults that overlap it."""
    id, terms = first.subject, history.terms
    moments: list[tuple[Instant, str]] = []
    workers: set[str] = {id}
    for change in history.journal:
        if change.execution_id == id or (change.execution_id is None and change.worker_id == id):
            of = f" attempt {change.attempt}, token {change.token}" if change.token is not None else ""
            by = f", worker {change.worker_id}" if change.worker_id else ""
            moments.append((change.at, f"journal #{change.seq}: {change.kind} -> {change.state}{of}{by}"))
            workers |= {change.worker_id} if change.worker_id else set()
    for line in history.witness:
        if line.execution_id == id:
            text = f"witness: {line.what} of attempt {line.attempt}, token {line.token}, worker {line.worker_id}"
            moments.append((terms.instant(line.at), text))
    for request in history.requests:
        beat_of_one = request.execution_id is None and request.worker_id == id
        if request.execution_id == id or beat_of_one:
            under = f" under token {request.token}" if request.token is not None else ""
            text = f"{request.worker_id or 'client'}: {request.what}{under}: {request.answer}"
            until = f", until {format_instant(request.until)}" if request.until else ""
            moments.append((terms.instant(request.asked), text + until))
    begin, end = min((at for at, _ in moments), default=0), max((at for at, _ in moments), default=0)
    for fault in history.faults:
        since, until = terms.instant(fault.begin), terms.instant(fault.end)
        if since <= end and until >= begin:
            mine = " (its worker)" if fault.target in workers else ""
            moments.append((since, f"fault: {fault.kind} of {fault.target}{mine}, {(until - since) / 1e6:g} s"))
    return [f"  {format_instant(at)}  {text}" for at, text in sorted(moments)]
