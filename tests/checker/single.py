"""The invariants that are about one execution at a time: I1 to I7, I9, I10."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from checker.journal import Change, Fault, History, Request, Stored, Tried, Violation, Witnessed
from checker.leases import Leases, deadline
from checker.model import HANDED_BACK, LOST, TERMINAL, Model, Span

_WITHOUT_ROW = {"execution.deferred"}
"""What ends an attempt without a row in `attempts`."""


@dataclass(slots=True)
class Trace:
    """Everything that is known of one execution."""

    id: str
    changes: list[Change] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    witness: list[Witnessed] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    model: Model = field(default_factory=lambda: Model(None))

    def violation(self, invariant: str, sentence: str, at: int = 0) -> Violation:
        """A violation by this execution."""
        return Violation(invariant, self.id, sentence, at)


@dataclass(slots=True)
class Case:
    """A history, prepared: one trace for each execution, and what is known of leases."""

    history: History
    traces: Mapping[str, Trace]
    leases: Leases
    broken: Sequence[Fault]
    """The faults of what everybody needs, in order."""
    tells: bool
    """Whether the requests tell how attempts were completed and given up."""


def prepare(history: History) -> Case:
    """Sort a history by execution."""
    traces: dict[str, Trace] = {}

    def trace(id: str) -> Trace:
        found = traces.get(id)
        if found is None:
            found = traces[id] = Trace(id)
        return found

    for stored in history.stored:
        trace(stored.execution_id).stored.append(stored)
    for change in history.journal:
        if change.execution_id is not None:
            trace(change.execution_id).changes.append(change)
    for tried in history.tried:
        trace(tried.execution_id).tried.append(tried)
    for witnessed in history.witness:
        trace(witnessed.execution_id).witness.append(witnessed)
    for request in history.requests:
        if request.execution_id is not None:
            trace(request.execution_id).requests.append(request)
    members = {one.worker_id for one in history.members}
    broken = sorted((one for one in history.faults if one.target not in members), key=lambda one: one.begin)
    tells = any(request.what in ("complete", "release") for request in history.requests)
    return Case(history, traces, Leases(history), broken, tells)


def walk(trace: Trace, slack: int) -> Iterator[Violation]:
    """I2-I7 by the journal: every step is one that the model allows. Leaves the walked model in the trace.

    `slack` is what two processes may disagree by about the store's clock.
    """
    trace.model = model = Model(trace.stored[0].max_attempts if trace.stored else None)
    for change in trace.changes:
        for invariant, sentence in model.apply(change):
            yield trace.violation(invariant, sentence, change.at)
    began = model.spans[0].begin.at if model.spans else None
    if trace.stored and began is not None and began < trace.stored[0].created_at - slack:
        yield trace.violation("I7", "it began before it was accepted", began)


def ended(case: Case, trace: Trace) -> Iterator[Violation]:
    """I1: what was accepted is there, in one place, and has ended as the journal says."""
    told_ok = any(request.what == "submit" and request.answer == "ok" for request in trace.requests)
    if not trace.stored:
        if told_ok:
            yield trace.violation("I1", "its submission was answered ok, and the store does not know it")
        elif trace.changes[1:] or any(change.kind != "execution.accepted" for change in trace.changes):
            yield trace.violation("I1", "the journal tells of it, and the store does not know it")
        return
    if len(trace.stored) > 1:
        yield trace.violation("I2", f"the store holds it {len(trace.stored)} times")
    stored, terminal = trace.stored[0], trace.model.terminal
    if case.history.quiescent and (stored.live or stored.state not in TERMINAL):
        yield trace.violation("I1", f"all faults are long over, and it is still {stored.state}")
    if not stored.live and terminal is None:
        yield trace.violation("I1", f"the store says that it ended {stored.state}, and the journal has no end of it")
    if terminal is not None and (stored.live or stored.state != terminal.state):
        yield trace.violation("I2", f"the journal ends it {terminal.state}, the store says {stored.state}", terminal.at)
    if terminal is not None and terminal.token is not None and stored.token != terminal.token:
        yield trace.violation(
            "I2", f"token {terminal.token} ended it, the store says token {stored.token}", terminal.at
        )


def tallied(case: Case, trace: Trace) -> Iterator[Violation]:
    """I2, I6: the table of attempts and the journal agree."""
    if not case.history.tried:
        return
    rows = {one.token: one for one in trace.tried}
    for span in trace.model.spans:
        row = rows.pop(span.token, None)
        if span.end is None or span.end.kind in _WITHOUT_ROW:
            continue
        if row is None:
            yield trace.violation(
                "I6", f"the attempt under token {span.token} was settled and left no row", span.end.at
            )
        elif row.number != span.begin.attempt:
            yield trace.violation("I6", f"attempt {span.begin.attempt} is kept as number {row.number}", span.end.at)
    for token in rows:
        yield trace.violation("I2", f"there is an attempt under token {token}, and the journal has no claim of it")


def fenced(case: Case, trace: Trace) -> Iterator[Violation]:
    """I3: what was answered ok carried the token that was current between its asking and its answer."""
    terms = case.history.terms
    spans = {span.token: span for span in trace.model.spans}
    for request in trace.requests:
        if request.token is None or request.answer == "unknown":
            continue
        span = spans.get(request.token)
        asked = terms.instant(request.asked) - terms.slack
        answered = terms.instant(request.asked if request.answered is None else request.answered) + terms.slack
        if span is None:
            if request.answer == "ok":
                yield trace.violation("I3", f"{request.what} under token {request.token}: nobody was given it", asked)
            continue
        end = span.end
        current = span.begin.at <= answered and (end is None or end.at >= asked)
        if request.what == "complete":
            yield from _completed(trace, request, span, current, answered)
        elif request.answer == "ok" and not current and request.what != "release":
            yield trace.violation(
                "I3", f"a {request.what} was taken under token {request.token}, which was stale", asked
            )


def _completed(trace: Trace, request: Request, span: Span, current: bool, answered: int) -> Iterator[Violation]:
    """A completion that was taken is in the journal; its repetition is answered ok and writes nothing."""
    end = span.end
    if request.answer == "ok" and (end is None or end.at > answered):
        yield trace.violation(
            "I3", f"the completion under token {span.token} was answered ok and was not written", answered
        )
    elif request.answer == "ok" and end is not None and (end.kind == LOST or end.token != span.token):
        yield trace.violation(
            "I3", f"the completion under token {span.token} was taken, and the journal has {end.kind}", answered
        )
    elif request.answer == "refused" and current and end is None:
        yield trace.violation(
            "I3", f"the completion under token {span.token} was refused; the token is current", answered
        )


def excluded(case: Case, trace: Trace) -> Iterator[Violation]:
    """I4: nobody took an attempt from its worker while the lease held by the store's clock.

    In the last M of it the worker itself may have given the attempt up, as one that trusts itself no longer must.
    """
    leases = case.leases
    margin = case.history.terms.margin
    for span in trace.model.spans:
        if case.tells and span.end is not None and span.end.kind == HANDED_BACK and not _gave_up(case, trace, span):
            yield trace.violation("I4", f"token {span.token} was handed back, and its worker had it", span.end.at)
        end, worker_id = span.end, span.begin.worker_id
        if end is None or end.kind != LOST or leases.revoked(worker_id, end.at, end.seq) or _gave_up(case, trace, span):
            continue
        until = leases.until(trace.id, span.token, worker_id, end.at)
        ended = leases.ended.get(worker_id or "")
        given_up = until is not None and end.at >= until - margin and (ended is None or ended[0] > end.seq)
        if until is not None and end.at < until and not given_up:
            early = (until - end.at) / 1e6
            yield trace.violation("I4", f"token {span.token} was freed {early:g} s before its lease ended", end.at)


def _gave_up(case: Case, trace: Trace, span: Span) -> bool:
    """Whether its own worker may have settled the attempt as lost, or never heard of it and so never began it."""
    if case.history.witness and not any(line.token == span.token for line in trace.witness):
        return True
    asked = (one.asked for one in trace.requests if one.what == "release" and one.token == span.token)
    return span.end is not None and any(case.history.terms.instant(at) <= span.end.at for at in asked)


def witnessed(case: Case, trace: Trace) -> Iterator[Violation]:
    """I3, I4: the journal explains everything that the witness saw, and the witness saw every result."""
    if not case.history.witness:
        return
    spans = {span.token: span for span in trace.model.spans}
    started: set[int] = set()
    for line in trace.witness:
        span = spans.get(line.token)
        at = case.history.terms.instant(line.at)
        if span is None or span.begin.attempt != line.attempt:
            yield trace.violation(
                "I4", f"{line.what} of attempt {line.attempt}, token {line.token}: no claim of it", at
            )
        elif at < span.begin.at - case.history.terms.slack:
            yield trace.violation("I4", f"{line.what} under token {line.token} before its claim", at)
        if line.what == "start":
            if line.token in started:
                yield trace.violation("I4", f"the attempt under token {line.token} began twice", at)
            started.add(line.token)
    terminal = trace.model.terminal
    if terminal is None or terminal.state != "Succeeded":
        return
    if not any(line.what == "end" and line.token == terminal.token for line in trace.witness):
        yield trace.violation("I3", f"no witness saw the success under token {terminal.token}", terminal.at)


def recovered(case: Case, trace: Trace) -> Iterator[Violation]:
    """I9: what was lost is free within R of the end of its lease, and is begun again within P."""
    terms = case.history.terms
    for i, span in enumerate(trace.model.spans):
        if span.end is None or span.end.kind != LOST:
            continue
        lost = span.end
        until = case.leases.until(trace.id, span.token, span.begin.worker_id, lost.at)
        if case.leases.revoked(span.begin.worker_id, lost.at, lost.seq) or _gave_up(case, trace, span):
            until = None
        if until is not None:
            last = deadline(until, terms.reaper + terms.slack, terms.watch, case.broken, terms)
            if lost.at > last:
                late = (lost.at - until) / 1e6
                yield trace.violation("I9", f"token {span.token} was freed {late:g} s after its lease ended", lost.at)
        if terms.pickup is not None and lost.state == "Retrying" and i + 1 < len(trace.model.spans):
            again = trace.model.spans[i + 1].begin.at
            if again > deadline(lost.at, terms.pickup + terms.slack, 0, case.broken, terms):
                yield trace.violation("I9", f"it was free for {(again - lost.at) / 1e6:g} s", again)


def self_fenced(case: Case, trace: Trace) -> Iterator[Violation]:
    """I10: no side effect of a worker after the end of the lease that it could trust, whatever the store knew of it."""
    terms = case.history.terms
    frozen: dict[str, list[Fault]] = defaultdict(list)
    if trace.witness:
        for fault in case.history.faults:
            frozen[fault.target].append(fault)
    for line in trace.witness:
        late = case.leases.overstayed(line.worker_id, trace.id, line.token, line.at)
        if late is None:
            continue
        woken = any(f.begin <= line.at <= f.end + terms.margin * 1000 for f in frozen[line.worker_id])
        if not woken:
            at = terms.instant(line.at)
            yield trace.violation(
                "I10", f"{line.what} under token {line.token}, {late / 1e9:g} s after its lease ended at the latest", at
            )
