"""The account of a schedule: whether every instant that its rule named has been decided."""

from dataclasses import replace

from rota.domain.access import Right
from rota.domain.account import Account, Pending, Position, Undecided, account
from rota.domain.errors import InvalidInput
from rota.domain.instant import DAY, Duration, Instant, format_instant
from rota.domain.named import named
from rota.service import schedules as schedule_service
from rota.service.context import ServiceContext
from rota.stores import occurrences, surroundings
from rota.stores.schedules import ScheduleState

__all__ = ["Account", "Pending", "Undecided", "of"]

_SPAN: Duration = 7 * DAY
_MOST = 50_000


def of(ctx: ServiceContext, schedule_id: str, *, since: Instant | None = None, until: Instant | None = None) -> Account:
    """The account from `since` (default a week ago) to `until` (default and at most now).

    It begins with the schedule's rule as it stands: what was before its last revision had another. An ended schedule
    is accounted for up to its end. At most 50,000 instants, the oldest of them.
    """
    ctx.require(Right.READ)
    with ctx.read() as tx:
        record = schedule_service.existing(tx, schedule_id)
        around = surroundings.of_one(tx, record.schedule, schedule_id)
        decided_until = record.decided_until
        asked = tx.now if until is None else min(until, tx.now)
        if since is not None and since > asked:
            raise InvalidInput.field("query", "from", msg="it comes after to, or after now")
        if asked < record.revised_at:
            revised = format_instant(record.revised_at)
            raise InvalidInput.field("query", "to", msg=f"the rule is as it is since {revised}; ask about a later time")
        begin = max(tx.now - _SPAN if since is None else since, record.revised_at)
        first = max(begin, record.revised_at + 1)
        end = min(asked, decided_until) if record.state is ScheduleState.ENDED else asked
        rows = occurrences.decided(tx, schedule_id, first, end, _MOST + 1)
        kept_since = tx.now - round(ctx.config.history.days * DAY)
    cut_at = list(rows)[_MOST - 1] if len(rows) > _MOST else None
    found = named(record.schedule, around, since=first, until=end if cut_at is None else cut_at, most=_MOST)
    if cut_at is not None:
        found = replace(found, cut=True)
    position = Position(decided_until, record.state is ScheduleState.PAUSED, kept_since)
    return account(begin, found, {nominal: decision for nominal, (decision, _) in rows.items()}, position)
