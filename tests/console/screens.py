"""Every screen of the console: the one place where a route is added, so that it is tested in every theme and width."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

import rota
from console.serving import Server

MODULES = Path(rota.__file__).parent / "console" / "screens"


@dataclass(frozen=True, slots=True)
class Furnished:
    """What a store must hold so that no screen is empty: the ids that routes are made of."""

    job: str
    other_job: str
    schedule: str
    execution: str
    failed: str
    running: str
    calendar: str


@dataclass(frozen=True, slots=True)
class Screen:
    """A route, and the module in `screens/` that paints it. Until that is there, its tests are skipped."""

    route: str | Callable[[Furnished], str]
    module: str

    def at(self, furnished: Furnished) -> str:
        """The address behind that of the server."""
        return self.route if isinstance(self.route, str) else self.route(furnished)


SCREENS = {
    "overview": Screen("#/", "overview.js"),
    "jobs": Screen("#/jobs", "jobs.js"),
    "jobs-searched": Screen("#/jobs?q=report", "jobs.js"),
    "job": Screen(lambda it: f"#/jobs/{it.job}", "job.js"),
    "executions": Screen("#/executions", "executions.js"),
    "executions-searched": Screen("#/executions?q=status:failed+since:24h", "executions.js"),
    "execution": Screen(lambda it: f"#/executions/{it.execution}", "execution.js"),
    "execution-failed": Screen(lambda it: f"#/executions/{it.failed}", "execution.js"),
    "execution-running": Screen(lambda it: f"#/executions/{it.running}", "execution.js"),
    "timeline": Screen("#/timeline", "timeline.js"),
    "load": Screen("#/load", "load.js"),
    "calendars": Screen("#/calendars", "calendars.js"),
    "calendar": Screen(lambda it: f"#/calendars/{it.calendar}?year=2026", "calendar.js"),
    "fleet": Screen("#/fleet", "fleet.js"),
    "failures": Screen("#/failures", "failures.js"),
    "schedule-new": Screen(lambda it: f"#/schedules/new?job={it.other_job}", "schedule.js"),
    "schedule": Screen(lambda it: f"#/schedules/{it.schedule}", "schedule.js"),
    "audit": Screen("#/audit", "audit.js"),
    "keys": Screen("#/keys", "keys.js"),
}


def each_screen(names: Iterable[str] = SCREENS) -> pytest.MarkDecorator:
    """Parametrises a test over `screen`."""
    return pytest.mark.parametrize(
        "screen", [pytest.param(SCREENS[name], id=name, marks=_marks(name)) for name in names]
    )


def furnish(server: Server) -> Furnished:
    """Let every job run, and make what routes name."""
    running = server.trigger("shop.patient")
    server.trigger("shop.patient")  # it waits for the other one
    first = server.trigger("shop.quick")
    failed = server.trigger("shop.failing")
    report = server.trigger("shop.report", {"day": "2026-02-28", "region": "south", "copies": 3})
    server.post(
        "/api/calendars",
        {
            "name": "company",
            "description": "Our days off",
            "holidays": [{"country": "DE", "subdivision": "BY"}],
            "rules": [{"name": "Inventory", "yearly": {"month": 6, "day": 30}}],
            "overrides": [{"date": "2026-12-24", "working": True, "reason": "the shop is open"}],
        },
    )
    assert [server.ended(id) for id in (first, failed, report)] == ["Succeeded", "Failed", "Succeeded"]
    server.wait_state(running, "Running")
    job = server.job("shop.report")
    schedule = next(one["id"] for one in server.get("/api/schedules", limit=100)["items"] if one["jobId"] == job)
    return Furnished(job, server.job("shop.slow"), str(schedule), report, failed, running, "company")


def _marks(name: str) -> list[pytest.MarkDecorator]:
    module = MODULES / SCREENS[name].module
    return [] if module.exists() else [pytest.mark.skip(f"screens/{module.name} is not written yet")]
