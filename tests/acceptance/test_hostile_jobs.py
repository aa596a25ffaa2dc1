"""Jobs that do their worst: none of them harms a neighbour, the API or the machine."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from driver import TERMINAL, Rota, carriers, eventually, forget_peak, memory

WORKLOAD = Path(__file__).with_name("workload.py")
MEBIBYTE = 1024 * 1024

BREAKS_AWAY = """
trap '' TERM
setsid sleep 1001 &
setsid sh -c 'trap "" TERM; setsid sleep 1002 & sleep 1003' &
nohup setsid sh -c '(setsid sleep 1004 &) ; sleep 1005' > /dev/null 2>&1 &
echo all started
sleep 1006
"""
FLOODS = {
    "1 GB in long lines": ("script", {"script": f"yes {'x' * 99} | head -c 1000000000"}),
    "250 MB in lines of one letter": ("script", {"script": "yes | head -c 250000000"}),
    "250 MB without a line end": ("script", {"script": "head -c 250000000 /dev/zero | tr '\\0' x"}),
    "100 MB printed by a function": ("flood", {"megabytes": 100}),
}


@pytest.fixture(scope="module")
def rota(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rota]:
    folder = tmp_path_factory.mktemp("hostile") / "rota"
    with Rota(folder, apps=[WORKLOAD]) as running:
        assert running.finished(running.submit("neighbour", {"number": 0}))["state"] == "Succeeded"  # a process is warm
        yield running


def test_a_loop_without_end_is_ended(rota: Rota, figure: Callable[[str], None]) -> None:
    execution = rota.finished(rota.submit("spin", timeoutSeconds=2, maxRetries=0))
    (attempt,) = execution["attempts"]
    figure(f"hostile: `while True: pass` with a timeout of 2 s ended after {attempt['durationSeconds']:.2f} s")
    assert (execution["state"], attempt["state"]) == ("Failed", "TimedOut")
    assert attempt["durationSeconds"] < 4


def test_a_cancelled_script_leaves_nobody_behind(rota: Rota, figure: Callable[[str], None]) -> None:
    id = rota.submit("script", {"script": BREAKS_AWAY}, maxRetries=0, timeoutSeconds=600)
    mine = f"ROTA_EXECUTION_ID={id}"
    eventually(lambda: len(carriers(mine)) >= 8, 30, "the script and all that broke away from it are running")
    alive = len(carriers(mine))
    rota.post(f"/api/executions/{id}/cancel", {"graceSeconds": 0.5}, status=202)
    execution = rota.finished(id)
    survivors = carriers(mine)
    figure(
        f"hostile: cancelled script with {alive} processes, some in sessions of their own: survivors = {len(survivors)}"
    )
    assert execution["state"] == "Cancelled"
    assert survivors == []


def test_a_crash_is_one_job_s_own(rota: Rota, figure: Callable[[str], None]) -> None:
    crashing = {type: rota.submit(type, maxRetries=1, baseDelaySeconds=0.05) for type in ("exit-hard", "segfault")}
    neighbours = [rota.submit("neighbour", {"number": number}, maxRetries=0) for number in range(20)]
    ended = [rota.finished(id) for id in neighbours]
    assert [one["result"] for one in ended] == list(range(20))
    for type, id in crashing.items():
        execution = rota.finished(id)
        assert execution["state"] == "Failed", execution
        assert [one["state"] for one in execution["attempts"]] == ["Failed", "Failed"]
        figure(f"hostile: {type}: {execution['errorMessage']}; 20 neighbours succeeded")


@pytest.mark.parametrize("type", ["system-exit", "system-exit-inline"])
def test_leaving_as_a_script_would_is_a_failure(rota: Rota, type: str) -> None:
    execution = rota.finished(rota.submit(type, maxRetries=0))
    assert execution["state"] == "Failed"
    assert "SystemExit" in execution["errorMessage"]
    assert rota.finished(rota.submit("neighbour", {"number": 5}))["result"] == 5


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_output_is_bounded(rota: Rota, figure: Callable[[str], None], flood: str) -> None:
    type, payload = FLOODS[flood]
    before = forget_peak(rota.pid)
    begun = time.monotonic()
    execution = rota.finished(rota.submit(type, payload, maxRetries=0, timeoutSeconds=100), within=110)
    took = time.monotonic() - begun
    grown = memory(rota.pid, "VmHWM") - before
    kept = 0
    cursor = None
    while True:
        page = rota.get(f"/api/executions/{execution['id']}/logs", limit=500, **({"cursor": cursor} if cursor else {}))
        kept += sum(len(line["text"]) + 1 for line in page["items"])
        cursor = page["nextCursor"]
        if cursor is None:
            break
    figure(
        f"hostile: {flood} in {took:.1f} s: {kept / MEBIBYTE:.2f} MiB kept, memory grew by {grown / MEBIBYTE:.1f} MiB"
    )
    assert execution["state"] == "Succeeded"
    assert 0 < kept <= 1.1 * MEBIBYTE
    assert grown < 64 * MEBIBYTE


def test_a_blocked_loop_does_not_block_the_api(rota: Rota, figure: Callable[[str], None]) -> None:
    slowest = 0.0
    with httpx2.Client(base_url=rota.url, timeout=30) as client:
        client.get("/health/live")
        id = rota.submit("block-the-loop", {"seconds": 3}, maxRetries=0)
        rota.wait_state(id, "Running")
        asked = 0
        while rota.state(id) not in TERMINAL:
            begun = time.monotonic()
            assert client.get("/health/live").status_code == 200
            slowest = max(slowest, time.monotonic() - begun)
            asked += 1
    figure(
        f"hostile: async job that blocks its loop for 3 s: /health/live answered {asked} times within {slowest:.3f} s"
    )
    assert asked > 3
    assert slowest < 1
    assert rota.get(f"/api/executions/{id}")["state"] == "Succeeded"


def test_after_all_that_nothing_has_changed(rota: Rota) -> None:
    health = rota.get("/health")
    assert health["status"] == "healthy", health
    workers = rota.get("/api/workers", state="Alive,Dead")["items"]
    assert [one["state"] for one in workers] == ["Alive"], "the worker was never replaced"
