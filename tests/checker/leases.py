"""Until when a lease was known to hold, and how long a worker could trust it."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence

from checker.journal import Fault, History, Member, Nanoseconds, Request, Terms
from rota.domain.instant import Instant


class Leases:
    """What workers were granted (whether its answer reached them or not), and what the store holds of them at the end."""

    def __init__(self, history: History) -> None:
        self._terms = history.terms
        self.members: dict[str, Member] = {one.worker_id: one for one in history.members}
        self.ended: dict[str, tuple[int, Instant, str]] = {}
        """When a worker was declared dead or said goodbye: seq, time, kind."""
        for change in history.journal:
            if change.worker_id and change.kind in ("worker.dead", "worker.stopped"):
                self.ended.setdefault(change.worker_id, (change.seq, change.at, change.kind))
        self._beats: dict[str, list[Request]] = defaultdict(list)
        self._own: dict[tuple[str, int], list[Request]] = defaultdict(list)
        for request in history.requests:
            if request.until is None:
                continue
            if request.what == "beat" and request.worker_id:
                self._beats[request.worker_id].append(request)
            elif request.what in ("claim", "extend") and request.execution_id:
                self._own[request.execution_id, request.token or 0].append(request)
        for granted in (*self._beats.values(), *self._own.values()):
            granted.sort(key=lambda one: one.asked)
        self._untils = {id: sorted(one.until or 0 for one in beats) for id, beats in self._beats.items()}

    def worker_until(self, worker_id: str | None, at: Instant) -> Instant | None:
        """Until when the lease of a worker held, as of `at`; None when nothing is known."""
        if worker_id is None:
            return None
        untils = self._untils.get(worker_id)
        if untils:
            known = bisect_left(untils, at + self._terms.lease)  # what the same transaction granted holds from then on
            return untils[known - 1] if known else None
        member = self.members.get(worker_id)
        return None if member is None or member.heartbeat_at > at else member.lease_expires_at

    def until(self, execution_id: str, token: int, worker_id: str | None, at: Instant) -> Instant | None:
        """Until when an attempt was leased, as of `at`: by its own lease or that of its worker; None = unknown.

        Over HTTP an own lease counts alone (docs/adr/0016).
        """
        own = [
            one.until or 0 for one in self._own.get((execution_id, token), ()) if self._terms.instant(one.asked) <= at
        ]
        member = self.members.get(worker_id or "")
        if own and member is not None and member.transport == "http":
            return max(own)
        worker = self.worker_until(worker_id, at)
        return max(own if worker is None else [*own, worker], default=None)

    def revoked(self, worker_id: str | None, at: Instant, seq: int) -> bool:
        """Whether a worker had said goodbye, or its guard had buried it, by `at`: all that it held was free then.

        One whose trust is over gives up what it holds, and says goodbye next: it has until M for that. Whether a burial
        came first, the order of the journal says (`seq`): who buried and who took back read different clocks.
        """
        member = self.members.get(worker_id or "")
        ended = self.ended.get(worker_id or "")
        if ended is not None and ended[2] == "worker.stopped":
            return ended[1] <= at + self._terms.margin + self._terms.slack
        buried = member is not None and member.ended_at is not None and member.ended_at == member.lease_expires_at
        if buried and ended is not None:
            return ended[0] <= seq
        return buried and member is not None and member.ended_at is not None and member.ended_at <= at

    def overstayed(self, worker_id: str, execution_id: str, token: int, at: Nanoseconds) -> Nanoseconds | None:
        """By how much, at `at`, an attempt had outlived what its worker may trust; None if it had not, or if unknown.

        A worker trusts itself for L - M from the asking for its last good beat on (where heartbeats do not prolong the
        attempt, from the asking for its own lease); then its work has M to end.
        """
        granted = self._beats.get(worker_id) or self._own.get((execution_id, token), [])
        known = bisect_right(granted, at, key=lambda one: one.asked)
        if not granted:
            return None
        since = granted[max(known - 1, 0)].asked
        late = at - since - self._terms.lease * 1000
        return late if late > 0 or since > at else None


def deadline(since: Instant, allowed: int, watch: int, faults: Sequence[Fault], terms: Terms) -> Instant:
    """Until when something must have happened that takes `allowed` from `since` on while nothing is broken.

    Each fault that overlaps the wait lets it begin anew at the fault's end, and the rescuer watch first; so does one
    that was over before the wait began, but not yet its watch.
    """
    until = since + allowed
    for fault in faults:
        if terms.instant(fault.begin) <= until and terms.instant(fault.end) + watch > since:
            until = max(until, terms.instant(fault.end) + watch + allowed)
    return until
