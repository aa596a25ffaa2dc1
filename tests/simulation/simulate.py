"""One seed from its plan to its history."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from random import Random

from checker.journal import History, Terms
from checker.store import read_store
from rota.config import Config, LeaseConfig
from rota.domain.access import SYSTEM
from rota.domain.instant import MINUTE, SECOND, Instant
from rota.domain.missed import Overlap
from rota.domain.planning import next_after
from rota.domain.schedule import Schedule
from rota.service import work
from rota.service.context import ServiceContext
from rota.stores import control, identity, schedules
from rota.stores.database import Database
from rota.testing import ManualClock
from simulation import plan as plans
from simulation.client import Client, make_schedules
from simulation.coordinator import TARGET, Coordinator
from simulation.link import Link
from simulation.plan import HEARTBEAT, LEASE, MARGIN, REAPER, Plan
from simulation.record import Record
from simulation.remote import Remote
from simulation.variants import SOUND, Variant
from simulation.worker import Worker
from simulation.world import Actor, Process, World

_PATIENCE = 180 * SECOND
"""Within this after the faults everything accepted must have ended."""


class Catalogue:
    """Everything may be submitted."""

    kinds = frozenset({"python"})

    def functions(self) -> set[str]:
        """Nothing is registered in this process."""
        return set()

    def check(self, job_type: str, parameters: Mapping[str, object]) -> None:
        """Anything is well."""


class Simulation:
    """A world of one plan on one store."""

    def __init__(self, plan: Plan, database: Database, clock: ManualClock, variant: Variant = SOUND) -> None:
        self.plan = plan
        self.draw = Random(plan.seed)
        self.world = World(self.draw, clock)
        self.weather = variant.install(plan, database)
        self.record = Record()
        self.world.held_up = lambda process, since, until: self.record.struck(
            "held up", getattr(process, "id", process.name), since, until
        )
        self._database = database
        self._config = Config(
            lease=LeaseConfig(
                seconds=LEASE / SECOND,
                heartbeat_seconds=HEARTBEAT / SECOND,
                reaper_seconds=REAPER / SECOND,
                margin_seconds=MARGIN / SECOND,
            )
        )
        self._start = clock.now()
        self._outside = Actor(Process(self.world, "outside"))
        self._workers: list[Worker | Remote] = []
        self._coordinators: list[Coordinator] = []
        link = self.weather.link(self._outside, "client")
        self._client = Client(self.world, link, self._context(link), self.record)

    def _context(self, link: Link) -> ServiceContext:
        return ServiceContext(link, self._config, SYSTEM, Catalogue())  # type: ignore[arg-type]

    def run(self) -> History:
        """Let it happen, heal, wait until everything has ended, and tell it all."""
        rules = make_schedules(self.draw, self._database, self.plan, self._start)
        for number in range(self.plan.coordinators):
            self._start_coordinator(number)
        for number in range(self.plan.workers):
            self._start_worker(number)
        for number in range(self.plan.exchangers):
            self._start_worker(number, over_http=True)
        for number in range(self.plan.remotes):
            self._start_remote(number)
        self._client.submit_all(self._outside, self.plan)
        self._plan_faults()
        self.world.run(self._start + self.plan.until)
        self._heal()
        healed = self.world.clock.now()
        while self._left() and self.world.clock.now() < healed + _PATIENCE:
            self.world.run(self.world.clock.now() + SECOND)
        return self._history(rules)

    def _left(self) -> bool:
        return self._database.reading(lambda tx: bool(control.live_of(tx)) or schedules.next_due_at(tx) is not None)

    def _start_coordinator(self, number: int) -> None:
        made = Coordinator(self.world, f"coordinator {number}", self.weather, self._config)
        self._coordinators.append(made)

    def _start_worker(self, number: int, *, over_http: bool = False) -> None:
        made = Worker(
            self.world, f"{'exchanger' if over_http else 'worker'} {number}", self.weather, self.record, self.plan.slots,
            self._config.lease, (self._outside, self._context) if over_http else None,
        )  # fmt: skip
        self._workers.append(made)
        made.over = lambda worker: self._replace(worker, lambda: self._start_worker(number, over_http=over_http))

    def _start_remote(self, number: int) -> None:
        made = Remote(
            self.world, f"remote {number}", self.weather, self.record, self.plan.slots,
            self._context, self._outside,
        )  # fmt: skip
        self._workers.append(made)
        made.over = lambda worker: self._replace(worker, lambda: self._start_remote(number))

    def _replace(self, ended: Process, start: Callable[[], None]) -> None:
        self._workers = [worker for worker in self._workers if worker is not ended]
        self._outside.after(self.draw.randint(SECOND // 10, 2 * SECOND), start)

    def _plan_faults(self) -> None:
        strikes = {
            "killWorker": self._kill_worker,
            "killGuard": self._kill_guard,
            "pauseWorker": lambda: self._pause_worker(guard=False),
            "freezeWorker": lambda: self._pause_worker(guard=True),
            "killCoordinator": self._kill_coordinator,
            "pauseCoordinator": self._pause_coordinator,
            "storeDown": self._take_store_down,
            "diskFull": self._fill_disk,
            "cancel": self._client.cancel_one,
            "drain": self._drain,
        }
        for kind, rate in self.plan.minute_rates.items():
            for at in self._moments(rate):
                if kind in strikes:
                    self.world.at(at, self._outside, strikes[kind])

    def _moments(self, rate: float) -> Iterable[Instant]:
        at = self._start
        while (at := at + round(self.draw.expovariate(rate / MINUTE))) < self._start + self.plan.until:
            yield at

    def _kill_worker(self) -> None:
        if self._workers:
            worker = self.draw.choice(self._workers)
            worker.kill()
            self._struck("kill", worker.id)
            worker.over(worker)

    def _kill_guard(self) -> None:
        """With its worker: a power cut. Nobody buries it."""
        guarded = [worker for worker in self._workers if isinstance(worker, Worker) and worker.guard is not None]
        if guarded:
            worker = self.draw.choice(guarded)
            for process in (worker.guard, worker):
                process.kill()  # type: ignore[union-attr]
            self._struck("power cut", worker.id)
            worker.over(worker)

    def _pause_worker(self, *, guard: bool) -> None:
        if self._workers:
            worker, length = self.draw.choice(self._workers), self.draw.randint(LEASE // 2, 4 * LEASE)
            worker.pause(length)
            if guard and isinstance(worker, Worker) and worker.guard is not None:
                worker.guard.pause(length)
            self._struck("freeze" if guard else "pause", worker.id, length)

    def _kill_coordinator(self) -> None:
        if self._coordinators:
            killed = self._coordinators.pop(self.draw.randrange(len(self._coordinators)))
            killed.kill()
            down = self.draw.randint(0, 2 * LEASE)
            self._struck("kill", TARGET, down)
            self._outside.after(down, lambda: self._start_coordinator(0))

    def _pause_coordinator(self) -> None:
        if self._coordinators:
            length = self.draw.randint(0, 4 * LEASE)
            self.draw.choice(self._coordinators).pause(length)
            self._struck("pause", TARGET, length)

    def _take_store_down(self) -> None:
        length = self.draw.randint(0, 2 * LEASE)
        self.weather.down_until = max(self.weather.down_until, self.world.clock.now() + length)
        self._struck("down", "store", length)

    def _fill_disk(self) -> None:
        length = self.draw.randint(0, 2 * LEASE)
        self.weather.full_until = max(self.weather.full_until, self.world.clock.now() + length)
        self._struck("disk full", "store", length)

    def _drain(self) -> None:
        if self._workers:
            self.draw.choice(self._workers).draining = True

    def _struck(self, kind: str, target: str, length: int = 0) -> None:
        now = self.world.clock.now()
        self.record.struck(kind, target, now, now + length)

    def _heal(self) -> None:
        """From here on nothing goes wrong any more; who is stopped goes on, who is dead is back."""
        now = self.world.clock.now()
        self.weather.rates = {}
        self.weather.down_until = self.weather.full_until = now
        processes: list[Process] = [*self._workers, *self._coordinators]
        processes += [worker.guard for worker in self._workers if isinstance(worker, Worker) and worker.guard]
        for process in processes:
            process.paused_until = now
        if not self._coordinators:
            self._start_coordinator(0)

    def _history(self, rules: Mapping[str, Schedule]) -> History:
        told = read_store(self._database)
        told.witness = sorted(self.record.witness, key=lambda one: one.at)
        told.requests, told.caps = self.record.requests, dict(self.record.caps)
        for made in told.stored:
            rule = rules.get(made.schedule_id or "")
            if rule is not None and rule.overlap not in (Overlap.ALLOW, Overlap.SKIP):
                told.caps[made.execution_id] = {f"lane of {made.schedule_id}": 1}
        told.faults = sorted([*self.record.faults, *self.weather.faults], key=lambda one: one.begin)
        told.terms = Terms(LEASE, REAPER, MARGIN, watch=HEARTBEAT + MARGIN, slack=SECOND)
        told.due = {id: list(_instants(rule, self._start, self.plan.until)) for id, rule in rules.items()}
        told.seed, told.replay = str(self.plan.seed), f"PYTHONPATH=tests python -m simulation --seed {self.plan.seed}"
        return told


def _instants(rule: Schedule, start: Instant, length: int) -> Iterable[Instant]:
    at = next_after(rule, start)
    while at is not None and at <= start + length:
        yield at
        at = next_after(rule, at)


def simulate(seed: int, database: Database, clock: ManualClock, variant: Variant = SOUND) -> History:
    """The history of one seed."""
    with alone(seed):
        return Simulation(plans.draw_plan(seed), database, clock, variant).run()


@contextmanager
def alone(seed: int) -> Iterator[None]:
    """What a process counts and draws begins anew, drawn by the seed, so that each run of it is the same."""
    kept = identity.urandom, identity._last, work._ACQUISITIONS
    identity.urandom, identity._last = Random(f"ids {seed}").randbytes, 0  # type: ignore[assignment]
    work._ACQUISITIONS = count()
    try:
        yield
    finally:
        identity.urandom, identity._last, work._ACQUISITIONS = kept
