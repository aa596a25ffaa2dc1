"""/metrics: what Prometheus scrapes. Counted when it asks, so that any coordinator tells the same."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from rota.api.security import ReadContext
from rota.domain.execution import LIVE
from rota.domain.instant import SECOND
from rota.service import reports
from rota.service.context import Database

router = APIRouter()

_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text format"}
}


class StoreFigures(Collector):
    """Reads the figures of the store at the time of the scrape."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        """Nothing beforehand: the store is asked only when somebody scrapes."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The figures as metrics."""
        figures = reports.figures(self._database)
        executions = GaugeMetricFamily("rota_executions", "Executions that have not ended", labels=["state"])
        for state in sorted(LIVE):
            executions.add_metric([state.value], figures.live.get(state, 0))
        yield executions
        pending = GaugeMetricFamily("rota_queue_pending", "Executions that wait for a worker", labels=["queue"])
        oldest = GaugeMetricFamily("rota_queue_oldest_seconds", "For how long the oldest has waited", labels=["queue"])
        for backlog in figures.backlogs:
            pending.add_metric([backlog.queue], backlog.pending)
            oldest.add_metric([backlog.queue], max(0, figures.now - backlog.oldest_due_at) / SECOND)
        yield pending
        yield oldest
        workers = GaugeMetricFamily("rota_workers", "Workers", labels=["state"])
        for state_name in ("Alive", "Draining", "Stopped", "Dead"):
            workers.add_metric([state_name], figures.workers.get(state_name, (0, 0))[0])
        yield workers
        slots = figures.workers.get("Alive", (0, 0))[1]
        yield GaugeMetricFamily("rota_worker_slots", "What the workers that are alive can hold", value=slots)
        yield GaugeMetricFamily("rota_schedules_overdue", "Due for more than a minute", value=figures.overdue)
        heard = GaugeMetricFamily("rota_wakeup_mode", "How this process hears of what others commit", labels=["mode"])
        for mode in ("notify", "poll"):
            heard.add_metric([mode], float(self._database.wakeup_mode == mode))
        yield heard
        yield CounterMetricFamily("rota_events", "Events ever written", value=figures.events)


@router.get("/metrics", response_class=Response, responses=_TEXT)
def metrics(_ctx: ReadContext, request: Request) -> Response:
    """The metrics of this process and of the store, as Prometheus reads them."""
    return Response(generate_latest(request.app.state.metrics), media_type=CONTENT_TYPE_LATEST)


def registry(database: Database) -> CollectorRegistry:
    """A registry of its own: nothing else in the process is in it."""
    made = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    GCCollector(registry=made)
    made.register(StoreFigures(database))
    return made
