"""Conditions decide instants that would fire; probes ask a real server, and a slow one delays nobody."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import update

from rota.domain.condition import Probe
from rota.domain.errors import Unavailable
from rota.domain.instant import SECOND
from rota.domain.outcome import Failed, Succeeded
from rota.executors.http.probes import HttpProbes
from rota.scheduler.prober import Prober
from rota.stores.schedules import ScheduleState
from rota.stores.tables import history
from rota.telemetry import Telemetry

MINUTELY = {"every": "1m", "overlap": "allow"}


class Target:
    """Answers GET requests with what `answer` writes; `/slow` first waits until the test opens it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                if self.path == "/slow":
                    outer.open.wait(30)
                status, body = ANSWERS[self.path]
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Listener(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self._server = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self.open.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


ANSWERS = {
    "/open": (200, b'{"open": true}'),
    "/shut": (200, b'{"open": false}'),
    "/slow": (200, b'{"open": true}'),
    "/500": (500, b'{"why": "broken"}'),
    "/text": (200, b"hello"),
    "/large": (200, b"[" + b"1," * 40_000 + b"1]"),
}


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    yield made
    made.close()


@pytest.fixture
def probes() -> Iterator[HttpProbes]:
    made = HttpProbes(["127.0.0.0/8"])
    yield made
    made.close()


@pytest.fixture
def prober(works: Any, probes: HttpProbes) -> Prober:
    return Prober(works.database, "DEV", Telemetry(), probes)


def until(prober: Prober, true: Callable[[], object], turns: int = 10_000) -> None:
    """Turn by turn until something is true; a turn that waits for an answer waits up to 0.1 s."""
    for _ in range(turns):
        if true():
            return
        prober.run_once()
    assert true()


def asking(url: str, expression: str = "probe.ok && probe.body.open", **fields: object) -> dict[str, object]:
    return {**MINUTELY, "condition": {"expression": expression, "probe": {"url": url, **fields}}}


def test_an_instant_fires_only_if_the_condition_holds(works: Any) -> None:
    schedule = works.schedule({**MINUTELY, "condition": 'nominal.endsWith("2:00.000Z")'})
    works.tick(*["1m"] * 10)
    rows = works.ledger(schedule)
    fired = [row for row in rows if row.decision == "fired"]
    assert [row.nominal_at // (60 * SECOND) % 10 for row in fired] == [2]
    skipped = {row.reason for row in rows if row.decision == "skippedCondition"}
    assert len(skipped) == 9
    assert all(reason.startswith('nominal.endsWith("2:00.000Z") is false: nominal = 2') for reason in skipped)
    assert works.get(schedule).runs == len(works.executions(schedule)) == 1


def test_what_cannot_be_evaluated_is_skipped_with_the_error(works: Any) -> None:
    schedule = works.schedule({**MINUTELY, "condition": "previous.nothing"})
    works.tick("1m")
    (row,) = works.ledger(schedule)
    assert (row.decision, row.reason) == (
        "skippedCondition",
        "previous.nothing is neither true nor false: 'nothing'",
    )


def test_the_last_finished_execution_of_the_job_is_seen(works: Any) -> None:
    job, other = works.job(), works.job()
    schedule = works.schedule({**MINUTELY, "condition": 'previous.state != "Failed"'}, job)
    beside = works.schedule({**MINUTELY, "condition": 'previous.state == ""'}, other)
    works.tick("1m")
    for claim in works.claim():
        assert works.settle(claim, Succeeded({"rows": 1}) if claim.job_id == other else Failed("no", retryable=False))
    works.tick("1m")
    assert works.decisions(schedule) == ["fired", "skippedCondition"]
    assert works.decisions(beside) == ["fired", "skippedCondition"]
    assert "'state': 'Failed'" in works.ledger(schedule)[1].reason
    assert "'result': {'rows': 1}" in works.ledger(beside)[1].reason


def test_parameters_are_those_of_the_job_with_those_of_the_schedule(works: Any) -> None:
    job = works.job(parameters={"a": 1, "b": 1})
    schedule = works.schedule(
        {**MINUTELY, "parameters": {"b": 2}, "condition": "parameters.a == 1 && parameters.b == 2"}, job
    )
    works.tick("1m")
    assert works.decisions(schedule) == ["fired"]


def test_what_a_condition_withholds_is_none_of_max_runs(works: Any) -> None:
    schedule = works.schedule({**MINUTELY, "maxRuns": 1, "condition": 'nominal.endsWith("5:00.000Z")'})
    works.tick(*["1m"] * 10)
    assert works.decisions(schedule).count("fired") == 1
    assert works.get(schedule).next_at is None


@pytest.mark.parametrize(
    ("path", "expression", "decision", "told"),
    [
        ("/open", "probe.ok && probe.body.open", "fired", None),
        ("/shut", "probe.ok && probe.body.open", "skippedCondition", "'body': {'open': False}"),
        ("/500", "probe.ok", "skippedCondition", "'status': 500, 'body': {'why': 'broken'}"),
        ("/500", "probe.status == 500", "fired", None),
        ("/text", "probe.ok && probe.body.open", "skippedCondition", "is neither true nor false"),
        ("/text", 'probe.error == ""', "skippedCondition", "the answer is not JSON"),
        ("/large", "probe.body != null", "skippedCondition", "the answer is larger than 64 KiB"),
    ],
)
def test_a_probe_is_asked_when_the_instant_is_due(
    works: Any, prober: Prober, target: Target, path: str, expression: str, decision: str, told: str | None
) -> None:
    schedule = works.schedule(asking(target.url + path, expression))
    works.clock.advance("1m")
    until(prober, lambda: works.ledger(schedule))
    (row,) = works.ledger(schedule)
    assert row.decision == decision
    assert told is None or told in row.reason
    assert target.asked == [path]


def test_a_slow_probe_delays_no_other_schedule_and_makes_nothing_late(
    works: Any, prober: Prober, target: Target
) -> None:
    slow = works.schedule({**asking(f"{target.url}/slow"), "missed": "skip"})
    quick, plain = works.schedule(asking(f"{target.url}/open")), works.schedule(MINUTELY)
    due = works.get(slow).next_at
    works.clock.set(due)
    until(prober, lambda: works.ledger(quick))
    works.tick()
    assert (works.decisions(quick), works.decisions(plain), works.decisions(slow)) == (["fired"], ["fired"], [])
    works.clock.advance("20s")
    prober.run_once()
    assert works.ledger(slow) == []
    target.open.set()
    until(prober, lambda: works.ledger(slow))
    assert (works.decisions(slow), works.at(slow)) == (["fired"], [due])
    assert target.asked.count("/slow") == 1


def test_an_answer_that_comes_after_a_change_of_the_schedule_decides_nothing(
    works: Any, prober: Prober, target: Target
) -> None:
    schedule = works.schedule(asking(f"{target.url}/slow"))
    works.clock.advance("1m")
    until(prober, lambda: target.asked)
    works.change(schedule, revision=2)
    target.open.set()
    until(prober, lambda: len(target.asked) == 2 and works.ledger(schedule))
    assert works.decisions(schedule) == ["fired"]


def spoil_last_result(works: Any, job: str) -> None:
    """The job has finished once, and the store holds a result that is no JSON."""
    works.enqueue(job_id=job)
    works.work_off()
    spoiled = update(history).where(history.c.job_id == job).values(result="{")
    assert works.database.writing(lambda tx: tx.execute(spoiled).rowcount) == 1


def test_a_condition_that_cannot_be_judged_sets_its_schedule_aside_while_the_others_fire(
    works: Any, prober: Prober, target: Target
) -> None:
    job = works.job()
    spoil_last_result(works, job)
    good, broken = (
        works.schedule({**MINUTELY, "condition": "true"}),
        works.schedule({**MINUTELY, "condition": "true"}, job),
    )
    asked, broken_asked = (
        works.schedule(asking(f"{target.url}/open")),
        works.schedule(asking(f"{target.url}/open"), job),
    )
    works.tick("1m")
    until(prober, lambda: works.ledger(asked) and works.get(broken_asked).state is ScheduleState.PAUSED, turns=100)
    assert works.decisions(good) == works.decisions(asked) == ["fired"]
    for aside in (broken, broken_asked):
        assert works.decisions(aside) == []
        assert works.get(aside).state is ScheduleState.PAUSED
        assert works.get(aside).note.startswith("set aside by Rota: JSONDecodeError")


def test_an_answer_is_kept_while_the_store_is_away(works: Any, prober: Prober, target: Target) -> None:
    schedule = works.schedule(asking(f"{target.url}/slow"))
    works.clock.advance("1m")
    until(prober, lambda: target.asked)
    other = sqlite3.connect(str(works.database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with works.database.read() as tx:
        tx.connection.exec_driver_sql("PRAGMA busy_timeout=0")
    target.open.set()
    with pytest.raises(Unavailable, match="busy"):
        until(prober, lambda: works.ledger(schedule), turns=100)
    other.close()
    until(prober, lambda: works.ledger(schedule), turns=100)
    assert (works.decisions(schedule), target.asked) == (["fired"], ["/slow"])


def test_open_questions_leave_the_others_their_room(works: Any, probes: HttpProbes, target: Target) -> None:
    class Narrow(Prober):
        batch = 2

    prober = Narrow(works.database, "DEV", Telemetry(), probes)
    for _ in range(4):
        works.schedule(asking(f"{target.url}/slow", timeout="30s"))
    works.clock.advance("1m")
    quick = works.schedule(asking(f"{target.url}/open"))
    works.clock.advance("1m")
    for _ in range(3):
        prober.run_once()
    until(prober, lambda: works.ledger(quick), turns=100)
    until(prober, lambda: target.asked.count("/slow") == 4, turns=100)
    assert works.decisions(quick) == ["fired"]


def test_a_host_that_does_not_answer_delays_no_question_to_another(target: Target) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    port = target.url.rpartition(":")[2]
    probes = HttpProbes(["127.0.0.0/8"], resolve=resolve)
    try:
        open_ones = [probes.ask(Probe(f"http://dead.example:{port}/slow", timeout=30 * SECOND)) for _ in range(300)]
        assert probes.ask(Probe(f"http://quick.example:{port}/open")).result(20)["ok"] is True
        late = probes.ask(Probe(f"http://dead.example:{port}/open", timeout=SECOND // 10)).result(20)
        assert late["error"] == "no answer within 0.1 s"
        assert not any(question.done() for question in open_ones)
    finally:
        target.open.set()
        probes.close()


def test_a_probe_that_does_not_answer_is_given_up(probes: HttpProbes, target: Target) -> None:
    answer = probes.ask(Probe(f"{target.url}/slow", timeout=SECOND // 10)).result(20)
    assert answer == {"ok": False, "status": 0, "body": None, "error": "no answer within 0.1 s"}


def test_addresses_that_are_not_open_are_not_asked(target: Target) -> None:
    guarded = HttpProbes()
    try:
        answer = guarded.ask(Probe(f"{target.url}/open")).result(20)
    finally:
        guarded.close()
    assert (answer["ok"], target.asked) == (False, [])
    assert str(answer["error"]).startswith("127.0.0.1 is a loopback address")


@pytest.mark.parametrize(
    "url", ["http://", "http://[::1", "http://a b/", "http://127.0.0.1:1/", "https://127.0.0.1:1/"]
)
def test_what_cannot_be_asked_is_an_answer_with_an_error(probes: HttpProbes, url: str) -> None:
    answer = probes.ask(Probe(url)).result(20)
    assert (answer["ok"], answer["status"]) == (False, 0)
    assert answer["error"]


def test_the_ticker_leaves_probed_schedules_to_the_prober(works: Any) -> None:
    probed = works.schedule(asking("http://127.0.0.1:1/"))
    assert works.ticker.run_once() == 30
    works.clock.advance("1m")
    assert works.ticker.run_once() == 30
    assert works.ledger(probed) == []
