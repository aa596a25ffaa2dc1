"""What the company of the demo has besides jobs: calendars, queues, freezes and keys, through the service."""

from datetime import timedelta

from rota.domain.access import Principal, Role
from rota.domain.instant import DAY, HOUR, Instant, format_instant, to_datetime
from rota.service import access, calendars, freezes, queues
from rota.service.context import ServiceContext
from rota.testing.demo.blueprints import LEGACY
from rota.testing.demo.rhythms import Document

ANN = Principal("Ann Keller", Role.ADMIN)


def make_calendars(ctx: ServiceContext, now: Instant) -> None:
    """Four calendars, of which the company's own stands on that of Bavaria."""
    today = to_datetime(now).date()
    calendars.create(
        ctx,
        "DE-BY",
        {"holidays": [{"country": "DE", "subdivision": "BY"}], "description": "Public holidays in Bavaria"},
    )
    calendars.create(ctx, "XNYS", {"holidays": [{"market": "XNYS"}], "description": "New York Stock Exchange"})
    calendars.create(ctx, "ES", {"holidays": [{"country": "ES"}], "description": "National holidays of Spain"})
    company: Document = {
        "parents": ["DE-BY"],
        "rules": [
            {"yearly": {"month": 12, "day": 24}, "name": "Christmas Eve"},
            {"yearly": {"month": 12, "day": 31}, "name": "New Year's Eve"},
            {"easter": -48, "name": "Rose Monday, the office is closed"},
            {"nthWeekday": {"month": 9, "nth": 3, "weekday": "friday"}, "name": "Summer party"},
        ],
        "overrides": [
            {"date": (today - timedelta(days=17)).isoformat(), "working": False, "reason": "Move of the office"},
            {"date": (today + timedelta(days=12)).isoformat(), "working": False, "reason": "Inventory"},
            {"date": (today + timedelta(days=40)).isoformat(), "working": True, "reason": "Closing of the year"},
        ],
        "description": "What the company works: Bavaria, and what we agreed on",
    }
    calendars.create(ctx, "company", company)


_QUEUES: dict[str, Document] = {
    "*": {"maxRunning": 60},
    "billing": {"priority": 50, "maxRunning": 6},
    "webhooks": {"rateLimit": "300/1m"},
    "batch": {"priority": -10, "maxRunning": 4, "note": "the cluster takes four at once"},
    "etl": {"maxRunning": 12},
}


def make_queues(ctx: ServiceContext) -> None:
    """What is set for queues; `legacy` rests."""
    for name, document in _QUEUES.items():
        queues.change(ctx, name, document)
    queues.pause(ctx, "legacy", LEGACY)


def make_keys(ctx: ServiceContext, now: Instant) -> None:
    """Keys whose tokens nobody knows: the list is there to be looked at."""
    for name, role in (("ci-deploy", Role.EDITOR), ("grafana", Role.VIEWER), ("pager", Role.OPERATOR)):
        access.create(ctx, name, role)
    access.create(ctx, "worker-madrid", Role.WORKER, now + 200 * DAY, ["etl", "default"])
    key, _ = access.create(ctx, "intern-2025", Role.VIEWER)
    access.revoke(ctx, key.id)


def make_freeze(ctx: ServiceContext, now: Instant) -> None:
    """A freeze that is still to come."""
    starts = now - now % DAY + 9 * DAY
    document: Document = {
        "startsAt": format_instant(starts),
        "endsAt": format_instant(starts + 36 * HOUR),
        "reason": "Migration of the ledger to its new database",
        "teams": ["billing"],
    }
    freezes.create(ctx, document)
