"""A calendar that changes moves the schedules that go by it, through parents too; a dry run says so before."""

from typing import Any

from starlette.testclient import TestClient

from rota.domain.instant import DAY, format_instant, parse_instant


def put(client: TestClient, path: str, body: dict[str, Any], **query: Any) -> dict[str, Any]:
    answer = client.put(f"/api/calendars/{path}", json=body, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def family(client: TestClient, roll: str = "following", **more: str) -> str:
    """A calendar, its child, and a schedule that goes by the child."""
    assert client.post("/api/calendars", json={"name": "land"}).status_code == 201
    assert client.post("/api/calendars", json={"name": "plant", "parents": ["land"]}).status_code == 201
    job = client.post("/api/jobs", json={"name": "report", "jobType": "echo"}).json()["id"]
    rule = {"weekly": {"on": ["TUE"], "at": "06:00"}, "calendar": "plant", "roll": roll, **more}
    answer = client.post("/api/schedules", json={"jobId": job, **rule})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def next_at(client: TestClient, id: str) -> str:
    return str(client.get(f"/api/schedules/{id}").json()["nextAt"])


def coming_tuesday(client: TestClient, id: str) -> tuple[str, str]:
    at = next_at(client, id)
    return at[:10], format_instant(parse_instant(at) + DAY)


def test_a_day_off_of_a_parent_moves_the_next_fire_at_once(client: TestClient) -> None:
    id = family(client)
    day, after = coming_tuesday(client, id)
    before = next_at(client, id)
    tried = put(client, f"land/overrides/{day}", {"working": False}, dryRun="true")
    assert (tried["schedules"], tried["compared"], tried["changed"]) == (1, 1, 1)
    (effect,) = tried["items"]
    assert (effect["scheduleId"], effect["jobName"]) == (id, "report")
    assert effect["difference"]["moved"] == [{"from": before, "to": after}]
    assert next_at(client, id) == before
    assert client.get("/api/calendars/land").json()["version"] == 1
    done = put(client, f"land/overrides/{day}", {"working": False})
    assert done["moved"] == [{"scheduleId": id, "jobName": "report", "before": before, "after": after}]
    assert next_at(client, id) == after
    detail = client.get("/api/audit").json()["items"][0]["detail"]
    assert (detail["moved"]["count"], detail["moved"]["schedules"][0]["scheduleId"]) == (1, id)
    assert client.delete(f"/api/calendars/land/overrides/{day}").status_code == 204
    assert next_at(client, id) == before


def test_a_dry_run_judges_conditions_in_this_environment(client: TestClient) -> None:
    id = family(client, condition='environment == "DEV"')
    day, after = coming_tuesday(client, id)
    tried = put(client, f"land/overrides/{day}", {"working": False}, dryRun="true")
    assert [one["to"] for one in tried["items"][0]["difference"]["moved"]] == [after]


def test_a_mistake_in_a_calendar_ends_no_schedule_for_good(client: TestClient) -> None:
    running = family(client, "skip")
    rule = {"jobId": client.get(f"/api/schedules/{running}").json()["jobId"], "weekly": {"on": ["TUE"], "at": "07:00"}}
    paused = client.post("/api/schedules", json=rule | {"calendar": "plant"}).json()["id"]
    client.post(f"/api/schedules/{paused}/pause")
    before = next_at(client, running)
    put(client, "plant", {"weekend": ["TUE"]})
    assert [client.get(f"/api/schedules/{id}").json()["state"] for id in (running, paused)] == ["Ended", "Paused"]
    put(client, "plant", {"weekend": ["SAT", "SUN"]})
    assert [client.get(f"/api/schedules/{id}").json()["state"] for id in (running, paused)] == ["Enabled", "Paused"]
    assert next_at(client, running) == before
    query = {"kinds": "schedule.ended,schedule.resumed"}
    told = client.get("/api/events", params=query, headers={"Accept": "application/json"}).json()["items"]
    assert [(one["kind"], one["data"]["scheduleId"]) for one in told] == [
        ("schedule.ended", running),
        ("schedule.resumed", running),
    ]


def test_a_new_definition_is_tried_first(client: TestClient) -> None:
    id = family(client, "skip")
    tried = put(client, "plant", {"weekend": ["TUE"]}, dryRun="true")
    assert tried["items"][0]["difference"]["counts"]["removed"] > 50
    assert put(client, "plant", {"description": "same days"}, dryRun="true")["items"] == []
    assert next_at(client, id) is not None
    refused = client.put("/api/calendars/plant", json={"parents": ["none"]}, params={"dryRun": "true"})
    assert refused.status_code == 422
    sent_back = put(client, "plant", {"parents": ["land"], "description": "x"})
    assert (sent_back["moved"], sent_back["movedCount"]) == ([], 0)
    assert put(client, "plant", sent_back)["version"] == sent_back["version"]
