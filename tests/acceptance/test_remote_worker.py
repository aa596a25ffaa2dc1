"""`rota worker --coordinator`: a worker without the store, in processes of their own that are killed and refused."""

import http.server
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from driver import Rota, eventually

WORKLOAD = Path(__file__).with_name("workload.py")
LEASE = 6.0
LEASES = {
    "ROTA_LEASE__SECONDS": str(LEASE),
    "ROTA_LEASE__HEARTBEAT_SECONDS": "1.5",
    "ROTA_LEASE__REAPER_SECONDS": "0.5",
    "ROTA_LEASE__MARGIN_SECONDS": "1",
}
MakeRota = Callable[..., Rota]


@pytest.fixture
def server(make_rota: MakeRota) -> Rota:
    """A coordinator without a worker of its own."""
    made = make_rota(folder="server", apps=[WORKLOAD], variables=LEASES)
    return made.start("server").wait_ready()


@pytest.fixture
def make_worker(make_rota: MakeRota, server: Rota) -> Callable[..., Rota]:
    """Makes workers over HTTP that are not started. Without `urls` they know the one coordinator."""

    def make(folder: str, *words: str, urls: tuple[str, ...] = ()) -> Rota:
        return make_rota(*words, folder=folder, apps=[WORKLOAD], coordinators=urls or (server.url,))

    return make


def key(server: Rota, name: str) -> str:
    return str(server.post("/api/keys", {"name": name, "role": "worker"})["token"])


def ready(worker: Rota) -> Rota:
    def is_ready() -> bool:
        assert worker.alive, worker.errors
        return "is ready" in worker.output

    eventually(is_ready, 30, "the worker is ready")
    return worker


def alive(server: Rota) -> list[Any]:
    return list(server.get("/api/workers", state="Alive")["items"])


def words(file: Path) -> list[list[str]]:
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def test_killed_coordinators_lose_nothing(
    server: Rota, make_worker: Callable[..., Rota], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    witness = tmp_path / "witness"
    server.stop()
    server.variables |= {"ROTA_LEASE__SECONDS": "20"}  # longer than a coordinator takes to start on a busy machine
    server.start("server").wait_ready()
    worker = ready(
        make_worker("worker", "--concurrency", "50", "--log", "quiet").start("worker", "--token", key(server, "w"))
    )
    (before,) = alive(server)
    payload = {"file": str(witness), "seconds": 0.05}
    ids: list[str] = []
    for kill in range(3):
        ids += [server.submit("witnessed-async", payload) for _ in range(100)]
        eventually(lambda wanted=70 * (kill + 1): len(words(witness)) >= wanted, 30, "work is going on")
        server.kill()
        server.start("server").wait_ready()
    eventually(
        lambda: (
            all(server.state(id) == "Succeeded" for id in ids[-1:])
            and not server.get("/api/executions/running")["items"]
        ),
        60,
        "everything has ended",
    )
    executions = [server.get(f"/api/executions/{id}") for id in ids]
    assert {one["state"] for one in executions} == {"Succeeded"}
    ended = Counter(execution for what, execution, *_ in words(witness) if what == "end")
    figure(
        f"HTTP worker, 3 killed coordinators: {len(ids)} jobs, lost 0, run more than once {sum(n > 1 for n in ended.values())}"
    )
    assert set(ended) == set(ids)
    for one in executions:
        assert [attempt["state"] for attempt in one["attempts"]].count("Succeeded") == 1
    assert [one["id"] for one in alive(server)] == [before["id"]]  # nobody had to register again
    worker.stop()


def test_jobs_submit_under_a_key_of_their_own(server: Rota, make_worker: Callable[..., Rota]) -> None:
    worker = make_worker("worker")
    editor = server.post("/api/keys", {"name": "fan out", "role": "editor"})["token"]
    ready(worker.start("worker", "--token", key(server, "w")))
    refused = server.finished(server.submit("fan-out", maxRetries=0))
    assert (refused["state"], "may not do this" in refused["errorMessage"]) == ("Failed", True)
    assert worker.stop() == 0
    worker.variables = {"ROTA_SUBMIT_TOKEN": editor}
    ready(worker.start("worker", "--token", key(server, "w2")))
    made = server.finished(server.submit("fan-out", maxRetries=0))
    assert made["state"] == "Succeeded", made
    assert [server.finished(id)["state"] for id in made["result"]] == ["Succeeded"] * 2
    assert server.get(f"/api/executions/{made['result'][0]}")["actor"] == "fan out"
    assert worker.stop() == 0


def test_the_guard_of_a_killed_worker_frees_its_work_at_once(
    server: Rota, make_worker: Callable[..., Rota], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    witness = tmp_path / "witness"
    worker = ready(make_worker("worker").start("worker", "--token", key(server, "w")))
    id = server.submit("witnessed-sync", {"file": str(witness), "seconds": 60}, timeoutSeconds=100)
    eventually(lambda: words(witness), 30, "the job has begun")
    killed = time.monotonic()
    worker.kill()
    eventually(lambda: not alive(server), LEASE, "the guard has buried the worker")
    eventually(lambda: server.state(id) != "Running", LEASE, "the work is free")
    figure(f"HTTP worker killed: its work was free after {time.monotonic() - killed:.1f} s, L={LEASE:g}")
    attempt = server.get(f"/api/executions/{id}")["attempts"][0]
    assert attempt["state"] == "Lost"


def test_an_enrolment_is_for_one_worker_and_its_credential_is_kept(
    server: Rota, make_worker: Callable[..., Rota]
) -> None:
    token = server.run("workers", "invite", "--queues", "mail", "--name", "mailer").stdout.strip()
    worker = make_worker("worker")
    ready(worker.start("worker", "--token", token))
    kept = worker.folder / "rota-worker.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert f"the credential is kept in {kept}" in worker.output
    assert alive(server)[0]["queues"] == ["mail"]
    assert worker.stop() == 0

    ready(worker.start("worker", "--token", token))  # the same command line again
    worker.stop()
    ready(worker.start("worker"))  # or without it
    mine, other = server.submit("echo", "x", queue="mail"), server.submit("echo", "x")
    assert server.finished(mine)["state"] == "Succeeded"
    assert server.state(other) == "Pending"

    thief = make_worker("thief").start("worker", "--token", token)
    assert thief.wait_exit() == 4
    assert "this enrolment was used before" in thief.errors
    assert "rota workers invite" in thief.errors

    server.run("keys", "delete", "mailer", "--yes")
    assert worker.wait_exit() == 4
    assert "the credential of this worker was refused" in worker.errors
    assert "Traceback" not in worker.errors + thief.errors

    kept.chmod(0o644)
    assert worker.start("worker").wait_exit() == 2
    assert f"others may read the credential in {kept.name}" in worker.errors


def test_it_waits_for_a_coordinator_that_is_not_there_yet(server: Rota, make_worker: Callable[..., Rota]) -> None:
    token = key(server, "w")
    server.kill()
    worker = make_worker("worker", urls=("http://127.0.0.1:9", server.url)).start("worker", "--token", token)
    eventually(lambda: worker.errors.count("waiting for it") >= 2, 30, "it says so, and says so again")
    assert "cannot reach" in worker.errors
    server.start("server").wait_ready()
    ready(worker)
    assert worker.stop() == 0


class NoRota(http.server.BaseHTTPRequestHandler):
    """Another web server."""

    def do_POST(self) -> None:
        self.send_error(404, "nothing here")

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), NoRota) as web:
        serving = threading.Thread(target=web.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{web.server_address[1]}"
        web.shutdown()
        serving.join()


def refused(worker: Rota, sentence: str) -> None:
    assert worker.start("worker", "--token", "rota_whatever").wait_exit(30) == 2
    assert sentence in worker.errors
    assert "Traceback" not in worker.errors


def test_an_address_that_is_no_rota_is_refused(server: Rota, make_worker: Callable[..., Rota], elsewhere: str) -> None:
    refused(make_worker("a", urls=(elsewhere,)), "answers, but it has no Rota API there")
    refused(make_worker("b", urls=("ftp://x",)), "not the address of a coordinator")
    refused(make_worker("c", urls=(server.url.replace("http:", "https:"),)), "does not speak TLS")


@pytest.mark.skipif(which("openssl") is None, reason="needs openssl")
def test_a_certificate_of_ones_own_is_trusted_where_its_authority_is_named(
    make_rota: MakeRota, make_worker: Callable[..., Rota], tmp_path: Path
) -> None:
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*made, "-addext", "subjectAltName=IP:127.0.0.1", *files], check=True, capture_output=True)
    tls = ("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    server = make_rota(*tls, folder="tls", variables=LEASES).start("server")
    eventually(lambda: "is ready" in server.output, 30, "the server is ready")
    url = server.url.replace("http:", "https:")
    refused(make_worker("stranger", urls=(url,)), "is not trusted; set SSL_CERT_FILE")

    worker = make_worker("friend", urls=(url,))
    worker.variables["SSL_CERT_FILE"] = str(tmp_path / "cert.pem")
    ready(worker.start("worker", "--token", str(server.token)))
    begun = time.monotonic()
    eventually(lambda: time.monotonic() > begun + 1.3 * LEASE, 3 * LEASE, "the guard has beaten over TLS")
    assert "lost its lease" not in worker.errors
    assert worker.stop() == 0
