"""Workers under limits: nothing starves, and what a limit holds back starts as soon as it may, without a poll."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from rota.domain.execution import State
from rota.domain.instant import MILLISECOND, SECOND
from rota.domain.limits import Limits, Rate
from rota.executors.base import Context

LONG = {"poll_seconds": 30}


def test_an_endless_stream_of_urgent_work_does_not_stop_the_rest(
    start: Callable[..., Any], eventually: Callable[..., None]
) -> None:
    ran: list[str] = []

    def urgent(context: Context) -> None:
        ran.append("urgent")
        if "patient" not in ran:
            engine.enqueue("urgent", priority=10)

    engine = start(
        {"urgent": urgent, "patient": lambda context: ran.append("patient")}, engine={"max_concurrent_jobs": 1}
    )
    engine.enqueue(*["urgent"] * 20, priority=10)
    (patient,) = engine.enqueue("patient")
    eventually(lambda: engine.state(patient) is State.SUCCEEDED)
    assert "urgent" in ran[: ran.index("patient")]


def test_a_place_that_becomes_free_is_taken_at_once(start: Callable[..., Any], eventually: Callable[..., None]) -> None:
    engine = start({"one": lambda context: None}, engine=LONG)
    ids = engine.enqueue(*["one"] * 5, limits=Limits((("key:a", 1),)))
    eventually(lambda: all(engine.state(id) is State.SUCCEEDED for id in ids))


def test_what_a_rate_holds_back_starts_when_it_opens(
    start: Callable[..., Any], eventually: Callable[..., None]
) -> None:
    engine = start({"one": lambda context: None}, engine=LONG)
    ids = engine.enqueue(*["one"] * 4, limits=Limits((), (("job:r", Rate(1, 300 * MILLISECOND)),)))
    eventually(lambda: all(engine.state(id) is State.SUCCEEDED for id in ids))
    begun = sorted(engine.get(id).started_at for id in ids)
    apart = [later - earlier for earlier, later in pairwise(begun)]
    assert all(300 * MILLISECOND <= gap < 5 * SECOND for gap in apart), apart
