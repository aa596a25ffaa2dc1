"""What the simulation saw itself, apart from the store."""

from collections import defaultdict
from dataclasses import dataclass, field

from checker.journal import Fault, Request, Witnessed
from rota.domain.execution import Claim
from rota.domain.instant import Instant


@dataclass
class Record:
    """Simulated time is the store's and everybody's: a monotonic nanosecond is a thousandth of a store's microsecond."""

    witness: list[Witnessed] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    caps: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def saw(self, what: str, claim: Claim, worker_id: str, now: Instant) -> None:
        """A job did something."""
        self.witness.append(Witnessed(what, claim.id, claim.attempt, claim.token, worker_id, now * 1000))

    def asked(self, what: str, asked: Instant, now: Instant, answer: str, **fields: object) -> None:
        """Somebody asked for something and got an answer, or none (`unknown`)."""
        answered = None if answer == "unknown" else now * 1000
        self.requests.append(Request(what, asked * 1000, answered, answer, **fields))  # type: ignore[arg-type]

    def struck(self, kind: str, target: str, begin: Instant, end: Instant) -> None:
        """A fault happened."""
        self.faults.append(Fault(kind, target, begin * 1000, end * 1000))
