"""Dry runs store nothing and say what would change; a real change says it too, also in the audit."""

from datetime import UTC, datetime
from typing import Any

from starlette.testclient import TestClient

HOUR = (datetime.now(UTC).hour + 12) % 24
"""Half a day away: a run that is moved is not between its old and its new time while the test runs."""
DAILY = {"daily": {"at": f"{HOUR:02}:00"}}
LATER = {"daily": {"at": f"{HOUR:02}:30"}}
MONDAYS = {"weekly": {"on": ["MON"], **DAILY["daily"]}}


def made(client: TestClient, **rule: Any) -> dict[str, Any]:
    job = client.post("/api/jobs", json={"name": "report", "jobType": "echo"}).json()["id"]
    answer = client.post("/api/schedules", json={"jobId": job, **(rule or DAILY)})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_dry_run_of_a_change_stores_nothing(client: TestClient) -> None:
    schedule = made(client)
    path = f"/api/schedules/{schedule['id']}"
    audited = len(client.get("/api/audit").json()["items"])
    answer = client.put(path, json=LATER, params={"dryRun": "true"})
    assert answer.status_code == 200
    found = answer.json()
    assert found["summary"].startswith("moves 400 runs; first difference ")
    assert {name: found["counts"][name] for name in ("removed", "moved", "added", "kept")} == {
        "removed": 0, "moved": 400, "added": 0, "kept": 0,
    }  # fmt: skip
    assert found["moved"][0]["from"].endswith(f"T{HOUR:02}:00:00.000Z")
    assert found["moved"][0]["to"].endswith(f"T{HOUR:02}:30:00.000Z")
    assert client.get(path).json() == schedule
    assert len(client.get("/api/audit").json()["items"]) == audited
    assert client.put(path, json={"cron": "x"}, params={"dryRun": "true"}).status_code == 422
    stale = client.put(path, json=DAILY, params={"dryRun": "true"}, headers={"If-Match": 'W/"7"'})
    assert stale.status_code == 412


def test_fires_are_told_apart_in_this_environment(client: TestClient) -> None:
    here = {"condition": 'environment == "DEV"'}
    path = f"/api/schedules/{made(client, **DAILY, **here)['id']}"
    found = client.put(path, json={**LATER, **here}, params={"dryRun": "true"}).json()
    assert found["counts"]["moved"] == 400


def test_a_dry_run_of_a_creation_stores_nothing(client: TestClient) -> None:
    job = client.post("/api/jobs", json={"name": "report", "jobType": "echo"}).json()["id"]
    answer = client.post("/api/schedules", json={"jobId": job, **DAILY}, params={"dryRun": "true"})
    assert (answer.status_code, answer.json()["counts"]["added"]) == (200, 400)
    assert client.get("/api/schedules").json()["items"] == []
    missing = client.post("/api/schedules", json={"jobId": "nonsense", **DAILY}, params={"dryRun": "true"})
    assert missing.status_code == 404


def test_a_change_says_what_it_did_and_so_does_the_audit(client: TestClient) -> None:
    path = f"/api/schedules/{made(client)['id']}"
    answer = client.put(path, json=MONDAYS).json()
    assert answer["difference"]["removed"] > 300
    assert answer["difference"]["kept"] in (57, 58)
    entry = client.get("/api/audit").json()["items"][0]
    assert entry["detail"]["difference"] == answer["difference"]
    again = client.put(path, json=answer).json()
    assert again["difference"] is None
    assert again["revision"] == answer["revision"]
    paused = client.put(path, json={**MONDAYS, "overlap": "allow"}).json()
    assert paused["difference"]["summary"].startswith("no run changes up to ")
