"""Freezes: declared, obeyed by the ticker, taken back."""

from collections.abc import Callable
from typing import Any

import pytest

from rota.domain.access import Principal, Role
from rota.domain.errors import Forbidden, InvalidInput, NotFound
from rota.domain.instant import HOUR, MINUTE, format_instant
from rota.service import freezes, jobs, schedules
from rota.service.context import ServiceContext
from rota.stores import audit, events
from rota.testing.clock import ManualClock

Tick = Callable[[], None]


def test_a_freeze_withholds_what_it_covers_until_it_is_taken_back(
    ctx: ServiceContext, clock: ManualClock, tick: Tick
) -> None:
    start = clock.now()
    rule = {"every": "1h", "anchor": format_instant(start), "overlap": "allow"}
    covered, free = (
        jobs.create(ctx, {"name": team, "jobType": "echo", "teamName": team, "schedule": rule}).schedules[0].id
        for team in ("billing", "hr")
    )
    document = {"endsAt": format_instant(start + 24 * HOUR), "reason": "year end", "teams": ["billing"]}
    made = freezes.create(ctx, document)
    assert freezes.find(ctx, limit=5) == [made]
    for taken_back in (False, True):
        if taken_back:
            freezes.delete(ctx, made.id)
        clock.advance("1h")
        tick()
    rows = schedules.ledger(ctx, covered, limit=5)
    assert [row.decision for row in rows] == ["fired", "skippedPaused"]
    assert rows[1].reason == f"frozen until {document['endsAt']} by ann: year end"
    assert [row.decision for row in schedules.ledger(ctx, free, limit=5)] == ["fired", "fired"]
    with ctx.read() as tx:
        told = [event.kind for event in events.after(tx, 0, 100, kinds=["freeze.*"]).events]
        signed = [entry.action for entry in audit.page(tx, before=None, limit=5, noun="freeze")]
    assert (told, signed) == (["freeze.created", "freeze.deleted"], ["delete", "create"])


def test_what_is_over_is_listed_on_demand(ctx: ServiceContext, clock: ManualClock) -> None:
    made = freezes.create(ctx, {"endsAt": format_instant(clock.now() + MINUTE), "reason": "short"})
    clock.advance("1h")
    assert freezes.find(ctx, limit=5) == []
    assert freezes.find(ctx, limit=5, past=True) == [made]
    with pytest.raises(NotFound):
        freezes.delete(ctx, "nobody")


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({}, "endsAt"),
        ({"endsAt": "2020-01-01T00:00:00Z", "reason": "r"}, "endsAt"),
        ({"endsAt": "2999-01-01T00:00:00Z"}, "reason"),
        ({"endsAt": "2999-01-01T00:00:00Z", "reason": "r", "teams": []}, "teams"),
        ({"endsAt": "2999-01-01T00:00:00Z", "reason": "r", "who": "x"}, "who"),
    ],
)
def test_what_is_no_freeze_is_refused(ctx: ServiceContext, document: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        freezes.create(ctx, document)
    assert (name,) in [location[:1] for location, _ in caught.value.errors]
    assert freezes.find(ctx, limit=5) == []


def test_freezes_are_for_editors(ctx: ServiceContext) -> None:
    operator = ServiceContext(ctx.database, ctx.config, Principal("op", Role.OPERATOR), ctx.catalogue)
    with pytest.raises(Forbidden):
        freezes.create(operator, {"endsAt": "2999-01-01T00:00:00Z", "reason": "r"})
    with pytest.raises(Forbidden):
        freezes.delete(operator, "x")
