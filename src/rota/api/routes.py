"""Every URL in one place."""

from fastapi import APIRouter, FastAPI

from rota.api import (
    accounts,
    audit,
    backfills,
    calendars,
    dashboard,
    enrolments,
    events,
    exchange,
    executions,
    freezes,
    health,
    jobs,
    keys,
    lint,
    manifests,
    metrics,
    pages,
    queues,
    schedule_exceptions,
    schedules,
    session,
    simulate,
    work,
    workers,
)
from rota.api.views import calendars as views_calendars
from rota.api.views import executions as views_executions
from rota.api.views import failures as views_failures
from rota.api.views import fleet as views_fleet
from rota.api.views import jobs as views_jobs
from rota.api.views import load as views_load
from rota.api.views import overview as views_overview
from rota.api.views import timeline as views_timeline

ROUTERS: tuple[tuple[str, str, APIRouter], ...] = (
    # prefix, tag, router
    ("", "work", work.router),  # before jobs: `acquire` is no job's id
    ("/api/jobs", "jobs", jobs.router),
    ("/api/schedules", "schedules", schedules.router),
    ("/api/schedules", "schedules", schedule_exceptions.router),
    ("/api/schedules", "schedules", backfills.router),
    ("/api/schedules", "schedules", accounts.router),
    ("/api/calendars", "calendars", calendars.router),
    ("/api/freezes", "freezes", freezes.router),
    ("/api/executions", "executions", executions.router),
    ("/api/workers", "workers", enrolments.router),  # before workers: `enrol` is no worker's id
    ("/api/queues", "queues", queues.router),
    ("/api/workers", "workers", workers.router),
    ("/api/workers", "work", exchange.router),
    ("/api", "simulation", simulate.router),
    ("/api", "simulation", lint.router),
    ("/api", "manifests", manifests.router),
    ("/api/dashboard", "dashboard", dashboard.router),
    ("/api/views/overview", "views", views_overview.router),
    ("/api/views/jobs", "views", views_jobs.router),
    ("/api/views/executions", "views", views_executions.router),
    ("/api/views/timeline", "views", views_timeline.router),
    ("/api/views/load", "views", views_load.router),
    ("/api/views/calendars", "views", views_calendars.router),
    ("/api/views/fleet", "views", views_fleet.router),
    ("/api/views/failures", "views", views_failures.router),
    ("/api/events", "events", events.router),
    ("/api/audit", "audit", audit.router),
    ("/api/keys", "keys", keys.router),
    ("/session", "keys", session.router),
    ("", "health", health.router),
    ("", "health", metrics.router),
    ("", "pages", pages.router),
)

TAGS = [
    {"name": "jobs", "description": "What to run, and how."},
    {"name": "executions", "description": "The runs of jobs, with their attempts and logs."},
    {"name": "schedules", "description": "When jobs become due."},
    {"name": "calendars", "description": "Which days are worked."},
    {"name": "freezes", "description": "When schedules start nothing."},
    {"name": "simulation", "description": "What will happen."},
    {"name": "manifests", "description": "Jobs, schedules and calendars as files."},
    {"name": "queues", "description": "Where they wait, and what limits them."},
    {"name": "workers", "description": "Who runs them."},
    {"name": "work", "description": "What a worker over HTTP does: acquire, extend, log, complete."},
    {"name": "dashboard", "description": "Figures."},
    {"name": "views", "description": "Each screen of the console in one answer."},
    {"name": "events", "description": "What happens, as it happens."},
    {"name": "keys", "description": "Who may come in."},
    {"name": "audit", "description": "Who changed what."},
    {"name": "health", "description": "How Rota itself is."},
]


def install(app: FastAPI) -> None:
    """Give the application its routes."""
    for prefix, tag, router in ROUTERS:
        app.include_router(router, prefix=prefix, tags=[tag])
