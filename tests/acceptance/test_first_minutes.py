"""The first minutes: `rota up` with the examples, what it prints, what it refuses, and how it stops."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from driver import Rota, eventually

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart.py"
EXAMPLES = {"examples.health", "examples.disk-use", "examples.daily-statistics", "examples.third-time-lucky"}
LOOPBACK = {"ROTA_HTTP__ALLOW_PRIVATE": "127.0.0.0/8"}

Make = Callable[..., Rota]


def test_the_examples_run(make_rota: Make, figure: Callable[[str], None]) -> None:
    rota = make_rota(apps=[QUICKSTART], token=None)
    rota.variables = LOOPBACK | {"ROTA_URL": rota.url}
    begun = time.monotonic()
    rota.start().wait_ready()
    ready = time.monotonic() - begun

    lines = rota.output.splitlines()
    assert [line for line in lines if line.strip().startswith("console")] == [f"  console  {rota.url}"]
    assert len([line for line in lines if re.fullmatch(r"\s*token\s+\S{20,}", line)]) == 1
    assert [line for line in lines if line.strip().startswith("store")] == [f"  store    sqlite:///{rota.store}"]

    def succeeded() -> set[str]:
        return {one["jobName"] for one in rota.get("/api/executions", state="Succeeded", limit=100)["items"]}

    eventually(succeeded, 60, "a first example has succeeded")
    first = time.monotonic() - begun
    eventually(lambda: succeeded() >= EXAMPLES, 60, "all four examples have succeeded")
    figure(f"first minutes: ready after {ready:.2f} s, first run succeeded after {first:.2f} s")
    lucky = next(
        one
        for one in rota.get("/api/executions", state="Succeeded", limit=100)["items"]
        if one["jobName"] == "examples.third-time-lucky"
    )
    states = [one["state"] for one in rota.get(f"/api/executions/{lucky['id']}")["attempts"]]
    assert states == ["Failed", "Failed", "Succeeded"]

    listed = rota.run("executions", "list", "--limit", "100")
    assert listed.returncode == 0, listed.stderr
    assert all(name in listed.stdout for name in EXAMPLES)
    assert rota.stop() == 0

    token = rota.token
    rota.start().wait_ready()
    assert token not in rota.output
    assert len(rota.get("/api/executions", limit=1)["items"]) == 1  # the token of the first start still opens
    assert rota.stop() == 0


def test_a_token_chosen_in_a_file_is_told_nobody_and_opens(make_rota: Make, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('admin_token = "kept-from-the-journal"')
    rota = make_rota("--config", str(secrets), token=None)
    rota.token = "kept-from-the-journal"
    rota.start().wait_ready()
    assert "  token    as chosen in the configuration\n" in rota.output
    assert rota.client.get("/api/keys").status_code == 200
    assert rota.stop() == 0
    assert "kept-from-the-journal" not in rota.output + rota.errors


def test_a_second_start_on_the_port_changes_nothing(make_rota: Make) -> None:
    with make_rota() as first:
        second = make_rota(folder="second")
        second.port = first.port
        assert second.start().wait_exit() == 2
        assert f"127.0.0.1:{first.port}" in second.errors
        assert "another Rota" in second.errors
        assert "Traceback" not in second.errors
        assert not second.store.exists()
        assert first.get("/health")["status"] == "healthy"


def test_nobody_listens_to_the_network_without_tls(make_rota: Make) -> None:
    rota = make_rota("--host", "0.0.0.0")
    assert rota.start().wait_exit() == 2
    assert "TLS" in rota.errors
    assert "Traceback" not in rota.errors
    assert not rota.store.exists()


def test_sigterm_lets_running_work_end(make_rota: Make) -> None:
    with make_rota() as rota:
        id = rota.submit("sample", {"seconds": 1.5})
        rota.wait_state(id, "Running")
        assert rota.stop() == 0
        rota.start().wait_ready()
        execution = rota.get(f"/api/executions/{id}")
        assert execution["state"] == "Succeeded"
        assert [one["state"] for one in execution["attempts"]] == ["Succeeded"]
        assert rota.stop() == 0


def test_sigterm_twice_hands_work_back_without_counting_the_attempt(make_rota: Make) -> None:
    with make_rota() as rota:
        id = rota.submit("sample", {"seconds": 600}, maxRetries=0)
        rota.wait_state(id, "Running")
        rota.terminate()
        eventually(lambda: "stopping" in rota.errors, 20, "the first signal is heard")
        rota.terminate()
        assert rota.wait_exit() == 0
        rota.start("server").wait_ready()
        handed_back = rota.get(f"/api/executions/{id}")
        assert handed_back["state"] == "Pending"
        assert handed_back["attempt"] == 0
        assert [one["state"] for one in handed_back["attempts"]] == ["Cancelled"]
        assert rota.stop() == 0
