"""A coordinator: the real ticker and rescuer, each repeated as its loop would, with what they remember lost when it dies."""

from collections.abc import Callable

from rota.config import Config
from rota.domain.errors import Unavailable
from rota.domain.instant import SECOND, Duration
from rota.scheduler.loop import Step
from rota.scheduler.rescuer import Rescuer
from rota.scheduler.ticker import Ticker
from rota.stores.database import Database
from rota.telemetry import Telemetry
from simulation.link import Weather
from simulation.world import Actor, Process, World

TARGET, RESCUER, TICKER = "coordinator", "rescuer", "ticker"
_RETRY = SECOND // 2
_LONGEST_SLEEP = 5 * SECOND


class Coordinator(Process):
    """Schedules and rescues until it dies."""

    def __init__(self, world: World, name: str, weather: Weather, config: Config) -> None:
        super().__init__(world, name)
        telemetry = Telemetry()

        def link(actor: Actor, of: str) -> Database:
            return weather.link(actor, of)  # type: ignore[return-value]

        def seconds() -> float:
            return world.clock.now() / SECOND

        self._loop(
            lambda actor: Rescuer(link(actor, RESCUER), config.lease, telemetry, watches_first=True, monotonic=seconds)
        )
        self._loop(lambda actor: Ticker(link(actor, TICKER), "DEV", telemetry))

    def _loop(self, make: Callable[[Actor], Step]) -> None:
        actor = Actor(self)
        step = make(actor)
        actor.repeat(lambda: _rest(step))


def _rest(step: Step) -> Duration:
    try:
        wait = step.run_once()
    except Unavailable:
        return _RETRY
    return min(round(wait * SECOND), _LONGEST_SLEEP)
