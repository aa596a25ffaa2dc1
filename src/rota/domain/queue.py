"""A queue as an operator sets it: its priority among the queues, whether it rests, and what limits it."""

from collections.abc import Mapping
from dataclasses import dataclass

from rota.domain.errors import InvalidInput
from rota.domain.fields import Fields
from rota.domain.job_reading import is_plain, is_queue
from rota.domain.limits import FLEET, MOST, Limits, Rate, queue_name, read_rate

_LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """What is set for one queue, or for the whole fleet under the name `*`.

    `priority` is added to that of the executions in it. While it is `paused`, nothing of it starts; what runs goes on.
    """

    name: str
    priority: int = 0
    paused: bool = False
    note: str | None = None
    max_running: int | None = None
    rate: Rate | None = None

    @property
    def limits(self) -> Limits:
        """Its cap and its rate, under its name."""
        name = queue_name(self.name)
        caps = () if self.max_running is None else ((name, self.max_running),)
        return Limits(caps, () if self.rate is None else ((name, self.rate),))

    def document(self) -> dict[str, object]:
        """The settings as the JSON object that `parse` reads."""
        return {
            "priority": self.priority,
            "paused": self.paused,
            "note": self.note,
            "maxRunning": self.max_running,
            "rateLimit": None if self.rate is None else str(self.rate),
        }

    @classmethod
    def parse(cls, name: str, document: Mapping[str, object]) -> "QueueSettings":
        """Read the settings of a queue. InvalidInput lists every problem with its location."""
        require_queue(name)
        fields = Fields(document)
        priority = fields.integer("priority", -1000, 1000) or 0
        if name == FLEET and priority:
            fields.refuse("priority", "the whole fleet has no priority: it has nothing to come before")
        note = fields.text("note", longest=_LONGEST_NOTE)
        if note is not None and not is_plain(note):
            fields.refuse("note", "control characters and unpaired surrogates cannot be stored")
        settings = cls(
            name,
            priority,
            fields.boolean("paused") or False,
            note,
            fields.integer("maxRunning", 1, MOST),
            read_rate(fields, "rateLimit"),
        )
        fields.refuse_unknown()
        fields.raise_errors("queue")
        return settings


def require_queue(name: str) -> None:
    """InvalidInput for what cannot name a queue."""
    if name != FLEET and not is_queue(name):
        raise InvalidInput.field("name", msg="letters, digits and _ . : / - only, or * for the whole fleet")
