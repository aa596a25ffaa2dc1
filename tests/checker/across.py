"""The invariants that are about several executions: I8, I11, I12, each a sweep."""

from collections import defaultdict
from collections.abc import Iterator

from checker.journal import Violation
from checker.single import Case


def fired_once(case: Case) -> Iterator[Violation]:
    """I8: one execution at most for each instant of a schedule, and every due instant decided, once."""
    made: dict[tuple[str, int], list[str]] = defaultdict(list)
    for stored in case.history.stored:
        if stored.trigger == "schedule" and stored.schedule_id is not None and stored.nominal_at is not None:
            made[stored.schedule_id, stored.nominal_at].append(stored.execution_id)
    decided: dict[tuple[str, int], list[tuple[str, str | None]]] = defaultdict(list)
    for one in case.history.decided:
        decided[one.schedule_id, one.nominal_at].append((one.decision, one.execution_id))
    for (schedule, nominal), ids in made.items():
        if len(ids) > 1:
            yield Violation("I8", schedule, f"{len(ids)} executions for one instant: {', '.join(ids)}", nominal)
    for (schedule, nominal), rows in decided.items():
        if len(rows) > 1:
            yield Violation("I8", schedule, f"one instant was decided {len(rows)} times", nominal)
        fired = [id for decision, id in rows if decision == "fired"]
        if fired != made.get((schedule, nominal), [])[:1]:
            yield Violation(
                "I8", schedule, f"the ledger names {fired}, the store has {made[schedule, nominal]}", nominal
            )
    for schedule, nominal in made.keys() - decided.keys():
        yield Violation("I8", schedule, "an execution for an instant that the ledger does not have", nominal)
    for schedule, instants in case.history.due.items():
        for nominal in instants:
            if (schedule, nominal) not in decided:
                yield Violation("I8", schedule, "a due instant has neither an execution nor a reason", nominal)


def capped(case: Case) -> Iterator[Violation]:
    """I11: under each limit no more are held at once than it allows. The journal's order is that of the commits."""
    steps: dict[str, list[tuple[int, int, int, str, int]]] = defaultdict(list)
    for id, limits in case.history.caps.items():
        trace = case.traces.get(id)
        for span in trace.model.spans if trace is not None else ():
            for limit, most in limits.items():
                steps[limit].append((span.begin.seq, 1, span.begin.at, id, most))
                if span.end is not None:
                    steps[limit].append((span.end.seq, -1, span.end.at, id, most))
    for limit, moves in steps.items():
        held = 0
        for _, move, at, id, most in sorted(moves):
            held += move
            if move > 0 and held > most:
                yield Violation("I11", id, f"it is the {held}th holder of {limit}, which allows {most}", at)


def ordered(case: Case) -> Iterator[Violation]:
    """I12: a child is claimed after the success of all its parents."""
    for child, parents in case.history.parents.items():
        trace = case.traces.get(child)
        if trace is None or not trace.model.spans:
            continue
        claimed = trace.model.spans[0].begin
        for parent in parents:
            end = case.traces[parent].model.terminal if parent in case.traces else None
            if end is None or end.state != "Succeeded" or end.seq > claimed.seq:
                yield Violation("I12", child, f"it is claimed before the success of its parent {parent}", claimed.at)


def workers_ended(case: Case) -> Iterator[Violation]:
    """I3, I4, I9: nobody is convicted before its lease ended, and no beat is taken from who was convicted."""
    terms, leases = case.history.terms, case.leases
    for worker_id, (seq, at, kind) in leases.ended.items():
        until = leases.worker_until(worker_id, at)
        buried = worker_id in leases.members and leases.revoked(worker_id, at, seq)
        if kind == "worker.dead" and not buried and until is not None and at < until:
            early = (until - at) / 1e6
            yield Violation("I4", worker_id, f"the worker was convicted {early:g} s before its lease ended", at)
    for request in case.history.requests:
        if request.what != "beat" or request.answer != "ok" or request.worker_id not in leases.ended:
            continue
        at = leases.ended[request.worker_id][1]
        if request.until is not None and request.until - terms.lease > at:
            yield Violation("I3", request.worker_id, "a beat was taken after the worker had ended", at)
    for member in case.history.members:
        over = member.lease_expires_at == member.ended_at
        if not over and member.lease_expires_at - member.heartbeat_at > terms.lease:
            yield Violation(
                "I9", member.worker_id, "its lease is longer than L from its last beat", member.heartbeat_at
            )
