"""The linter over HTTP: of one job and of all."""

from starlette.testclient import TestClient


def test_jobs_are_linted(client: TestClient) -> None:
    good = {"name": "good", "jobType": "echo", "teamName": "data", "schedule": {"every": "1h"}}
    bad = {"name": "bad", "jobType": "echo", "schedule": {"daily": {"at": "02:30"}, "timeZone": "Europe/Madrid"}}
    client.post("/api/jobs", json=good)
    id = client.post("/api/jobs", json=bad).json()["id"]
    found = client.get("/api/lint").json()["items"]
    assert [(one["jobName"], one["code"], one["severity"]) for one in found] == [
        ("bad", "noOwner", "warning"), ("bad", "inDstHour", "warning"),
    ]  # fmt: skip
    assert found[0]["scheduleId"] is None
    assert client.get(f"/api/schedules/{found[1]['scheduleId']}").status_code == 200
    assert client.get("/api/lint", params={"jobId": id}).json()["items"] == found
    first = client.get("/api/lint", params={"limit": 1}).json()
    rest = client.get("/api/lint", params={"limit": 1, "cursor": first["nextCursor"]}).json()
    assert (first["items"], rest["items"]) == (found, [])
    assert client.get("/api/lint", params={"jobId": "nonsense"}).status_code == 404
