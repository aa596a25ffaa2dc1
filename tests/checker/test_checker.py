"""The checker is checked: a right history passes, and each kind of wrong one is caught by the invariant that it breaks."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from checker import check, told
from checker.journal import Change, Decided, Fault, History, Member, Request, Stored, Terms, Tried, Witnessed
from rota.domain.instant import SECOND

L, R, M = 30 * SECOND, 5 * SECOND, 3 * SECOND
BASE = 1_800_000_000 * SECOND
ENDS = {
    "succeeded": "Succeeded",
    "failed": "Failed",
    "retrying": "Retrying",
    "lost": "Retrying",
    "handedBack": "Pending",
}


class Story(History):
    """A history that is told step by step. Times are seconds."""

    def __init__(self) -> None:
        super().__init__([], [], [], [], [], [], [], [], Terms(L, R, M, pickup=2 * SECOND, slack=SECOND // 2))
        self.by_id: dict[str, Stored] = {}
        self.attempts: dict[str, int] = {}
        self.claims: dict[int, tuple[str, str, float]] = {}

    def change(self, at: float, kind: str, id: str | None = None, **fields: object) -> Change:
        made = Change(len(self.journal) + 1, BASE + round(at * SECOND), kind, id, **fields)  # type: ignore[arg-type]
        self.journal.append(made)
        return made

    def accept(self, at: float, id: str, trigger: str = "submission", nominal: float | None = None) -> None:
        self.change(at, "execution.accepted", id, trigger=trigger)
        schedule, instant = ("s", BASE + round(nominal * SECOND)) if nominal is not None else (None, None)
        row = Stored(id, True, "Pending", 0, 3, None, trigger, schedule, instant, BASE + round(at * SECOND))
        self.by_id[id] = row
        self.stored.append(row)
        if trigger == "submission":
            self.request("submit", at, id)

    def request(self, what: str, at: float, id: str | None = None, answer: str = "ok", **fields: object) -> Request:
        asked = BASE * 1000 + round(at * 1e9)
        made = Request(what, asked, asked + 10**7, answer, id, **fields)  # type: ignore[arg-type]
        self.requests.append(made)
        return made

    def beat(self, at: float, worker: str) -> None:
        self.request("beat", at, worker_id=worker, until=BASE + round(at * SECOND) + L)

    def member(self, worker: str, *beats: float, state: str = "Alive", ended: float | None = None) -> None:
        for at in beats:
            self.beat(at, worker)
        last = BASE + round(beats[-1] * SECOND)
        gone = None if ended is None else BASE + round(ended * SECOND)
        self.members.append(Member(worker, state, "database", BASE, last, last + L, gone))

    def witnessed(self, what: str, at: float, token: int) -> Witnessed:
        id, worker, _ = self.claims[token]
        made = Witnessed(what, id, self.attempts[id], token, worker, BASE * 1000 + round(at * 1e9))
        self.witness.append(made)
        return made

    def claim(self, at: float, id: str, token: int, worker: str) -> None:
        self.attempts[id] = self.attempts.get(id, 0) + 1
        self.claims[token] = (id, worker, at)
        self.change(
            at, "execution.started", id, attempt=self.attempts[id], token=token, state="Running", worker_id=worker
        )
        self.witnessed("start", at + 0.01, token)

    def settle(self, at: float, token: int, kind: str) -> None:
        id, worker, since = self.claims[token]
        state = ENDS[kind]
        if kind != "lost":
            self.witnessed("end", at - 0.02, token)
            self.request(
                "release" if kind == "handedBack" else "complete", at - 0.01, id, token=token, worker_id=worker
            )
        number, now = self.attempts[id], BASE + round(at * SECOND)
        self.change(at, f"execution.{kind}", id, attempt=number, token=token, state=state)
        name = {"lost": "Lost", "succeeded": "Succeeded", "handedBack": "Cancelled"}.get(kind, "Failed")
        self.tried.append(Tried(id, token, number, name, worker, BASE + round(since * SECOND), now))
        if state in ("Succeeded", "Failed"):
            row = self.by_id[id]
            row.live, row.state, row.attempt, row.token, row.finished_at = False, state, number, token, now
        self.attempts[id] -= kind == "handedBack"


def right() -> Story:
    """Two workers, of which one dies: `a` fails once, `b` is lost and run again, `c` is cancelled before it began, `d`
    and `e` share a limit of one, `e` waits for `d`, `f` is handed back, and a schedule fires once and skips once."""
    story = Story()
    story.member("w", *range(0, 120, 10))
    story.member("x", 0, 10, state="Dead", ended=43)
    for id in "abcdef":
        story.accept(1, id)
    story.claim(2, "a", 1, "w")
    story.claim(3, "b", 2, "x")
    story.settle(4, 1, "retrying")
    story.change(5, "execution.cancelled", "c").state = "Cancelled"
    story.by_id["c"].live, story.by_id["c"].state = False, "Cancelled"
    story.claim(6, "a", 3, "w")
    story.settle(8, 3, "succeeded")
    story.claim(9, "d", 4, "w")
    story.settle(12, 4, "succeeded")
    story.claim(13, "e", 5, "w")
    story.settle(14, 5, "succeeded")
    story.claim(15, "f", 6, "w")
    story.settle(16, 6, "handedBack")
    story.claim(17, "f", 7, "w")
    story.settle(18, 7, "failed")
    story.accept(20, "g", "schedule", nominal=20)
    story.claim(21, "g", 8, "w")
    story.settle(22, 8, "succeeded")
    story.change(43, "worker.dead", None, worker_id="x")
    story.settle(43, 2, "lost")
    story.faults.append(Fault("kill", "x", BASE * 1000 + 15 * 10**9, BASE * 1000 + 15 * 10**9))
    story.claim(44, "b", 9, "w")
    story.settle(46, 9, "succeeded")
    story.caps = {"d": {"key": 1}, "e": {"key": 1}}
    story.parents = {"e": ["d"]}
    fires, skips = BASE + 20 * SECOND, BASE + 40 * SECOND
    story.decided = [Decided("s", fires, "fired", "g"), Decided("s", skips, "skippedOverlap", None)]
    story.due = {"s": [fires, skips]}
    return story


def find(story: Story, kind: str, token: int | None = None, id: str | None = None) -> Change:
    wanted = (one for one in story.journal if one.kind == f"execution.{kind}")
    return next(one for one in wanted if token in (None, one.token) and id in (None, one.execution_id))


def drop(story: Story, kind: str, token: int) -> None:
    story.journal.remove(find(story, kind, token))


def again(story: Story, change: Change, **fields: object) -> None:
    story.journal.append(replace(change, seq=len(story.journal) + 1, at=change.at + SECOND, **fields))  # type: ignore[arg-type]


def swap_tokens(story: Story, one: int, other: int) -> None:
    first, second = find(story, "started", one), find(story, "started", other)
    first.token, second.token = other, one


def forget(story: Story, id: str) -> None:
    story.stored.remove(story.by_id[id])
    story.journal = [change for change in story.journal if change.execution_id != id]


def move(story: Story, change: Change, seconds: float) -> None:
    change.at += round(seconds * SECOND)
    story.journal.sort(key=lambda one: one.at)
    for seq, one in enumerate(story.journal, 1):
        one.seq = seq


def shift_recovery(story: Story, seconds: float) -> None:
    """The conviction of `x`, the loss of `b`, and all of its second attempt happen later, or earlier."""
    wanted = [one for one in story.journal if one.token == 9 or one.kind in ("worker.dead", "execution.lost")]
    for change in wanted if seconds < 0 else reversed(wanted):
        move(story, change, seconds)
    for line in (one for one in story.witness if one.token == 9):
        line.at += round(seconds * 1e9)
    for request in (one for one in story.requests if one.token == 9):
        request.asked, request.answered = (
            request.asked + round(seconds * 1e9),
            (request.answered or 0) + round(seconds * 1e9),
        )


def take(story: Story, what: str, at: float, token: int) -> None:
    """A request of the attempt under this token is answered ok."""
    id, worker, _ = story.claims[token]
    story.request(what, at, id, token=token, worker_id=worker)


def see(story: Story, what: str, at: float, token: int, attempt: int | None = None) -> None:
    line = story.witnessed(what, at, token)
    line.attempt = attempt or find(story, "started", token).attempt or 0


MUTATIONS: dict[str, tuple[str, Callable[[Story], object]]] = {
    "an accepted execution is not in the store": ("I1", lambda s: forget(s, "d")),
    "an execution never ends": ("I1", lambda s: (drop(s, "succeeded", 9), setattr(s.by_id["b"], "live", True))),
    "an execution is left Retrying": ("I1", lambda s: vars_of(s.by_id["a"], live=True, state="Retrying")),
    "the end of an execution left no event": ("I1", lambda s: drop(s, "succeeded", 3)),
    "a completion is written twice": ("I2", lambda s: again(s, find(s, "succeeded", 3))),
    "an execution ends in two ways": ("I2", lambda s: again(s, find(s, "succeeded", 3), kind="execution.failed", state="Failed")),
    "an ended execution is cancelled": ("I2", lambda s: again(s, find(s, "cancelled"), execution_id="a")),
    "an execution is live and in the history": ("I2", lambda s: s.stored.append(replace(s.by_id["a"], live=True))),
    "the store and the journal end it differently": ("I2", lambda s: vars_of(s.by_id["a"], state="Failed")),
    "an attempt that nobody claimed is kept": ("I2", lambda s: s.tried.append(replace(s.tried[0], token=99))),
    "the winner's token is another one": ("I3", lambda s: vars_of(find(s, "succeeded", 9), token=2)),
    "a late completion is taken": ("I3", lambda s: take(s, "complete", 45, 2)),
    "a completion is taken before the claim ended as lost": ("I3", lambda s: take(s, "complete", 30, 2)),
    "a current completion is refused": ("I3", lambda s: (s.journal.remove(find(s, "succeeded", 9)), s.request("complete", 45, "b", "refused", token=9))),
    "a stale log line is taken": ("I3", lambda s: take(s, "log", 50, 2)),
    "a stale lease is prolonged": ("I3", lambda s: take(s, "extend", 45, 2)),
    "a completion under a token that nobody was given": ("I3", lambda s: s.request("complete", 45, "b", token=77)),
    "a beat is taken after the conviction": ("I3", lambda s: s.beat(50, "x")),
    "a success that no witness saw": ("I3", lambda s: s.witness.remove(next(w for w in s.witness if (w.what, w.token) == ("end", 9)))),
    "the settlement before a claim is gone": ("I4", lambda s: drop(s, "lost", 2)),
    "a claim is moved before the lease ended": ("I4", lambda s: (move(s, find(s, "lost", 2), -20), move(s, find(s, "started", 9), -20))),
    "a worker is convicted while its lease holds": ("I4", lambda s: move(s, next(c for c in s.journal if c.kind == "worker.dead"), -10)),
    "an attempt begins twice": ("I4", lambda s: see(s, "start", 45, 9)),
    "a start that no claim explains": ("I4", lambda s: see(s, "start", 45, 9, attempt=7)),
    "an attempt is handed back that its worker has": (
        "I4",
        lambda s: s.requests.remove(next(r for r in s.requests if r.what == "release")),
    ),
    "tokens are swapped": ("I5", lambda s: swap_tokens(s, 2, 9)),
    "a token is given out again": ("I5", lambda s: vars_of(find(s, "started", 9), token=2)),
    "an attempt is skipped": ("I6", lambda s: vars_of(find(s, "started", 9), attempt=3)),
    "the attempt is not counted": ("I6", lambda s: vars_of(find(s, "started", 9), attempt=1)),
    "more attempts than allowed": ("I6", lambda s: vars_of(s.by_id["b"], max_attempts=1)),
    "a hand-back counts": ("I6", lambda s: vars_of(find(s, "started", 7), attempt=2)),
    "an attempt left no row": ("I6", lambda s: s.tried.pop()),
    "an illegal edge": ("I7", lambda s: vars_of(find(s, "succeeded", 9), state="Scheduled")),
    "an ended execution begins again": ("I7", lambda s: again(s, find(s, "started", 3), token=50, attempt=3)),
    "what nobody holds is being cancelled": ("I7", lambda s: s.change(5, "execution.cancelling", "c")),
    "a running execution ends as if it had not begun": ("I7", lambda s: vars_of(find(s, "succeeded", 9), kind="execution.expired", token=None)),
    "a change that the model does not know": ("I7", lambda s: s.change(10, "execution.vanished", "d")),
    "it begins before it was accepted": ("I7", lambda s: vars_of(s.by_id["a"], created_at=BASE + 3 * SECOND)),
    "two executions for one instant": ("I8", lambda s: s.stored.append(replace(s.by_id["g"], execution_id="h", live=False))),
    "an instant is neither fired nor skipped": ("I8", lambda s: s.decided.pop()),
    "an instant is decided twice": ("I8", lambda s: s.decided.append(replace(s.decided[1], decision="missed"))),
    "the ledger names another execution": ("I8", lambda s: vars_of(s.decided[0], execution_id="a")),
    "an execution that the ledger does not have": ("I8", lambda s: (s.decided.pop(0), s.due.clear())),
    "lost work is freed late": ("I9", lambda s: shift_recovery(s, 10)),
    "freed work is begun late": ("I9", lambda s: [move(s, c, 20) for c in [*s.journal] if c.token == 9]),
    "a lease is longer than L": ("I9", lambda s: vars_of(s.members[1], heartbeat_at=BASE)),
    "a side effect after the lease ended": ("I10", lambda s: see(s, "effect", 41, 2)),
    "a limit is exceeded": ("I11", lambda s: move(s, find(s, "started", 5), -2)),
    "a child begins before its parent has succeeded": ("I12", lambda s: move(s, find(s, "started", 5), -2)),
    "a child begins although its parent failed": ("I12", lambda s: vars_of(s, parents={"e": ["f"]})),
}  # fmt: skip


def vars_of(record: object, **fields: object) -> None:
    """Change fields of a record."""
    for name, value in fields.items():
        setattr(record, name, value)


def test_a_right_history() -> None:
    assert check(right()) == []


def test_an_unknown_answer_may_stand_for_both() -> None:
    for settled in (True, False):
        story = right()
        story.request("complete", 45.99 if settled else 44.5, "b", "unknown", token=9)
        story.request("submit", 1, "z", "unknown")
        assert check(story) == []


def test_a_repeated_completion_is_answered_ok() -> None:
    story = right()
    take(story, "complete", 60, 3)
    assert check(story) == []


def test_what_a_guard_buried_is_free_at_once() -> None:
    story = right()
    shift_recovery(story, -24)
    assert "I4" in {one.invariant for one in check(story)}
    story.journal = [change for change in story.journal if change.kind != "worker.dead"]
    vars_of(story.members[1], lease_expires_at=BASE + 16 * SECOND, ended_at=BASE + 16 * SECOND)
    assert check(story) == []


def test_what_everybody_needs_excuses_lateness_while_it_is_broken() -> None:
    story = right()
    shift_recovery(story, 10)
    assert {one.invariant for one in check(story)} == {"I9"}
    begin = BASE * 1000 + 39 * 10**9
    story.faults.append(Fault("down", "store", begin, begin + 10 * 10**9))
    assert check(story) == []


def test_the_watch_after_an_outage_may_reach_beyond_the_end_of_a_lease() -> None:
    story = right()
    shift_recovery(story, 10)
    lease_ends = min(member.lease_expires_at for member in story.members if member.state == "Dead") * 1000
    story.faults.append(Fault("down", "store", lease_ends - 9 * 10**9, lease_ends - 10**9))
    assert {one.invariant for one in check(story)} == {"I9"}
    story.terms.watch = 13 * SECOND
    assert check(story) == []


@pytest.mark.parametrize(("breaks", "corrupt"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_a_wrong_history(breaks: str, corrupt: Callable[[Story], object]) -> None:
    story = right()
    corrupt(story)
    found = check(story)
    assert breaks in {one.invariant for one in found}, told(story, found)


def test_what_is_wrong_is_told_with_its_story() -> None:
    story = right()
    story.seed, story.replay = "17", "make it again"
    again(story, find(story, "succeeded", 9))
    text = told(story, check(story))
    assert text.startswith("I2 b: it is settled again (Succeeded, token 9) after it ended Succeeded")
    assert "witness: start of attempt 2, token 9, worker w" in text
    assert "fault: kill of x (its worker), 0 s" in text
    assert text.endswith("seed 17; again: make it again")


def test_a_long_right_history() -> None:
    story = Story()
    story.member("w", *range(0, 3000, 10))
    for number in range(5000):
        id, at = f"e{number}", 1 + number / 2
        story.accept(at, id)
        story.claim(at + 0.1, id, number + 1, "w")
        story.settle(at + 0.4, number + 1, "succeeded")
    story.terms.pickup = None
    begun = time.process_time()
    assert check(story) == []
    each = (time.process_time() - begun) / len(story.journal)
    print(f"{each * 1e6:.1f} µs an event")
