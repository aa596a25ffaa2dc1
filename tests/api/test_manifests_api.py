"""Manifests over the API: applied all together or not at all, twice without a change, and written out again."""

from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from rota.domain.access import Role
from rota.stores.database import Database
from rota.stores.tables import audit, events, executions

CALENDARS = [
    {"name": "shop", "parents": ["base"], "rules": [{"name": "Stocktaking", "date": "2027-03-10"}]},
    {"name": "base", "weekend": ["SUN"]},
]
NIGHTLY: dict[str, Any] = {
    "name": "nightly",
    "jobType": "echo",
    "parameters": {"region": "EU"},
    "tags": ["etl", "mail"],
    "retryCount": 1,
    "timeoutSeconds": 90,
    "schedules": [
        {"cron": "0 6 * * *", "timeZone": "Europe/Madrid", "calendar": "shop", "roll": "following"},
        {"key": "noon", "daily": {"at": "12:30"}},
    ],
}
WEEKLY: dict[str, Any] = {"name": "weekly", "jobType": "sample", "schedule": {"weekly": {"on": ["MON"], "at": "10:30"}}}
EXTRA: dict[str, Any] = {"job": "weekly", "key": "extra", "every": "1h", "missed": "skip"}
MANIFEST = {"calendars": CALENDARS, "jobs": [NIGHTLY, WEEKLY], "schedules": [EXTRA]}


def apply(client: TestClient, manifest: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    answer = client.post("/api/apply", json=manifest, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def actions(items: list[dict[str, Any]]) -> dict[str, str]:
    return {f"{one['noun']} {one['name']}": one["action"] for one in items}


def changed(items: list[dict[str, Any]], name: str) -> dict[str, tuple[Any, Any]]:
    (one,) = [one for one in items if one["name"] == name]
    return {change["name"]: (change["before"], change["after"]) for change in one["changes"]}


def rows(database: Database) -> list[int]:
    """How much there is of what a change leaves behind."""
    with database.read() as tx:
        return [tx.connection.scalar(select(func.count()).select_from(of)) or 0 for of in (audit, events, executions)]


def job(client: TestClient, name: str) -> dict[str, Any]:
    (found,) = [one for one in client.get("/api/jobs").json()["items"] if one["name"] == name]
    document: dict[str, Any] = client.get(f"/api/jobs/{found['id']}").json()
    return document


def keys(client: TestClient, name: str) -> dict[str | None, dict[str, Any]]:
    found = client.get("/api/schedules", params={"jobId": job(client, name)["id"]}).json()["items"]
    return {one["key"]: one for one in found}


def test_what_is_new_is_made_and_a_second_time_changes_nothing(client: TestClient, database: Database) -> None:
    made = apply(client, MANIFEST)
    assert actions(made) == {
        "calendar base": "created",
        "calendar shop": "created",
        "job nightly": "created",
        "job weekly": "created",
        "schedule weekly/extra": "created",
    }
    (fires,) = [one["fires"] for one in made[2]["changes"] if one["name"] == "schedules.noon"]
    assert fires.startswith("fires first ")
    before = rows(database)
    assert set(actions(apply(client, MANIFEST)).values()) == {"unchanged"}
    assert rows(database) == before
    assert set(keys(client, "weekly")) == {"default", "extra"}


def test_a_change_names_its_fields_and_its_fires(client: TestClient) -> None:
    apply(client, MANIFEST)
    cron, noon = NIGHTLY["schedules"]
    nightly = NIGHTLY | {"retryCount": 2, "schedules": [cron | {"cron": "0 7 * * *"}]}
    nightly.pop("timeoutSeconds")
    done = apply(client, MANIFEST | {"jobs": [nightly, WEEKLY], "schedules": [EXTRA | {"every": "2h"}]})
    assert {name for name, action in actions(done).items() if action != "unchanged"} == {
        "job nightly",
        "schedule weekly/extra",
    }
    found = changed(done, "nightly")
    assert set(found) == {"retryCount", "timeoutSeconds", "schedules.default", "schedules.noon"}
    assert (found["retryCount"], found["timeoutSeconds"]) == ((1, 2), (90, 300))
    assert found["schedules.noon"] == (noon, None)
    fires = {change["name"]: change["fires"] for one in done for change in one["changes"] if change["fires"]}
    assert fires["schedules.default"].startswith("moves ")
    assert fires["schedules.noon"] == "fires no more"
    assert "extra" in keys(client, "weekly")
    assert set(keys(client, "nightly")) == {"default"}
    assert job(client, "nightly")["version"] == 2


def test_a_try_says_what_an_application_does_and_leaves_no_trace(client: TestClient, database: Database) -> None:
    before = rows(database)
    tried = apply(client, MANIFEST, dryRun=True)
    assert rows(database) == before
    assert client.get("/api/jobs").json()["items"] == []
    done = apply(client, MANIFEST)
    for one in (*tried, *done):
        one.pop("id")
    assert tried == done


def test_anything_wrong_leaves_everything_as_it_was(client: TestClient, database: Database) -> None:
    before = rows(database)
    wrong = {
        "calendars": [{"name": "a", "parents": ["nobody"]}, {"name": "x", "weekend": ["NEVER"]}],
        "jobs": [
            NIGHTLY,
            {"name": "b", "jobType": "echo", "retryCount": -1},
            {"jobType": "echo"},
            {"name": "c", "jobType": "echo", "schedule": {"cron": "nonsense"}},
        ],
        "schedules": [{"job": "nobody", "key": "k", "every": "1h"}, {"job": "b"}],
    }
    answer = client.post("/api/apply", json=wrong)
    assert answer.status_code == 422
    places = {".".join(map(str, error["loc"])) for error in answer.json()["errors"]}
    assert places == {
        "calendars.0.parents",
        "calendars.1.weekend.0",
        "jobs.0.schedule.calendar",
        "jobs.1.retryCount",
        "jobs.2.name",
        "jobs.3.schedule.cron",
        "schedules.0",
        "schedules.1.key",
    }
    assert rows(database) == before


@pytest.mark.parametrize(
    ("manifest", "place"),
    [
        ({"job": []}, "job"),
        ({"jobs": {}}, "jobs"),
        ({"jobs": ["x"]}, "jobs.0"),
        ({"jobs": [WEEKLY, WEEKLY]}, "jobs"),
        ({"jobs": [WEEKLY] * 1001}, "jobs"),
        ({"schedules": [{"key": "k", "every": "1h"}]}, "schedules.0.job"),
    ],
)
def test_what_is_no_manifest(client: TestClient, manifest: dict[str, Any], place: str) -> None:
    answer = client.post("/api/apply", json=manifest)
    assert answer.status_code == 422
    assert place in {".".join(map(str, error["loc"])) for error in answer.json()["errors"]}


def test_what_is_exported_changes_nothing_and_makes_the_same_elsewhere(client: TestClient) -> None:
    apply(client, MANIFEST)
    apart = {"jobId": job(client, "nightly")["id"], "cron": "5 5 * * *", "name": "made by hand"}
    assert client.post("/api/schedules", json=apart).status_code == 201
    exported = client.get("/api/export").json()
    assert [one["name"] for one in exported["calendars"]] == ["base", "shop"]
    nightly, weekly = exported["jobs"]
    assert {name: nightly[name] for name in NIGHTLY if name != "schedules"} == {
        name: NIGHTLY[name] for name in NIGHTLY if name != "schedules"
    }
    assert set(nightly) == set(NIGHTLY)
    assert nightly["schedules"][:2] == NIGHTLY["schedules"]
    assert nightly["schedules"][2]["name"] == "made by hand"
    assert weekly["schedules"][1] == {"every": "1h", "missed": "skip", "key": "extra"}
    assert set(actions(apply(client, exported)).values()) == {"unchanged"}
    assert len(keys(client, "nightly")) == 3
    assert set(actions(apply(client, client.get("/api/export").json())).values()) == {"unchanged"}
    for one in exported["jobs"]:
        client.delete(f"/api/jobs/{job(client, one['name'])['id']}")
    again = apply(client, exported)
    assert [one["action"] for one in again if one["noun"] == "job"] == ["created", "created"]
    assert client.get("/api/export").json() == exported


def test_one_job_is_exported_with_its_calendars_and_their_parents(client: TestClient) -> None:
    apply(client, MANIFEST | {"calendars": [*CALENDARS, {"name": "other"}]})
    found = client.get("/api/export", params={"jobId": job(client, "nightly")["id"]}).json()
    assert [one["name"] for one in found["jobs"]] == ["nightly"]
    assert [one["name"] for one in found["calendars"]] == ["base", "shop"]
    assert client.get("/api/export", params={"jobId": "nobody"}).status_code == 404


def test_overrides_of_which_a_manifest_says_nothing_stay(client: TestClient) -> None:
    apply(client, MANIFEST)
    day = {"working": False, "reason": "the roof leaks"}
    assert client.put("/api/calendars/shop/overrides/2027-05-05", json=day).status_code == 200
    assert actions(apply(client, MANIFEST))["calendar shop"] == "unchanged"
    assert [one["date"] for one in client.get("/api/calendars/shop").json()["overrides"]] == ["2027-05-05"]
    without = [CALENDARS[0] | {"overrides": []}, CALENDARS[1]]
    assert actions(apply(client, MANIFEST | {"calendars": without}))["calendar shop"] == "updated"
    assert client.get("/api/calendars/shop").json()["overrides"] == []


def test_a_job_that_was_made_by_hand_is_taken_over(client: TestClient) -> None:
    made = client.post("/api/jobs", json={"name": "weekly", "jobType": "echo"}).json()
    assert made["source"] == "api"
    (done,) = apply(client, {"jobs": [WEEKLY]})
    assert (done["id"], done["action"]) == (made["id"], "updated")
    assert job(client, "weekly")["source"] == "file"
    twin = client.post("/api/jobs", json={"name": "twin", "jobType": "echo"})
    assert client.post("/api/jobs", json={"name": "twin", "jobType": "echo"}).status_code == twin.status_code == 201
    refused = client.post("/api/apply", json={"jobs": [{"name": "twin", "jobType": "echo"}]}).json()
    assert "several jobs are named 'twin'" in refused["errors"][0]["msg"]


def test_a_pause_outlives_an_application(client: TestClient) -> None:
    apply(client, MANIFEST)
    id = job(client, "nightly")["id"]
    assert client.post(f"/api/jobs/{id}/pause", json={"note": "closed"}).status_code == 200
    assert actions(apply(client, MANIFEST))["job nightly"] == "unchanged"
    assert job(client, "nightly")["state"] == "Paused"
    done = apply(client, MANIFEST | {"jobs": [NIGHTLY | {"state": "Enabled"}, WEEKLY]})
    assert changed(done, "nightly") == {"state": ("Paused", "Enabled")}


def test_only_what_came_from_a_manifest_is_pruned(client: TestClient) -> None:
    apply(client, MANIFEST)
    client.post("/api/jobs", json={"name": "by hand", "jobType": "echo"})
    left = {"jobs": [WEEKLY], "calendars": CALENDARS}
    assert "job nightly" not in actions(apply(client, left))
    assert actions(apply(client, left, prune=True, tag="other", dryRun=True)).get("job nightly") is None
    assert actions(apply(client, left, prune=True, tag="mail", dryRun=True))["job nightly"] == "deleted"
    assert actions(apply(client, left, prune=True))["job nightly"] == "deleted"
    assert {one["name"] for one in client.get("/api/jobs").json()["items"]} == {"weekly", "by hand"}
    assert actions(apply(client, MANIFEST))["job nightly"] == "created"


def test_who_may_apply_and_export(holding: Any) -> None:
    operator = holding(Role.OPERATOR)
    assert operator.post("/api/apply", json=MANIFEST).status_code == 403
    assert operator.get("/api/export").json() == {"calendars": [], "jobs": []}


def test_two_files_that_share_a_job_do_not_undo_each_other(client: TestClient) -> None:
    apply(client, {"calendars": CALENDARS, "jobs": [NIGHTLY]})
    apart = {"schedules": [{"job": "nightly", "key": "audit-week", "cron": "0 5 * * *"}]}
    assert actions(apply(client, apart)) == {"schedule nightly/audit-week": "created"}
    for manifest in ({"jobs": [NIGHTLY]}, apart):
        assert set(actions(apply(client, manifest)).values()) == {"unchanged"}
    twice = {"schedules": [*apart["schedules"], apart["schedules"][0] | {"cron": "0 4 * * *"}]}
    assert "'nightly/audit-week' is there 2 times" in client.post("/api/apply", json=twice).json()["errors"][0]["msg"]


def test_a_job_is_known_by_the_name_that_it_has(client: TestClient) -> None:
    apply(client, {"jobs": [{"name": "a", "jobType": "echo"}]})
    first = job(client, "a")["id"]
    assert client.put(f"/api/jobs/{first}", json={"name": "b", "jobType": "echo"}).status_code == 200
    both = [{"name": name, "jobType": "echo"} for name in ("b", "a")]
    assert actions(apply(client, {"jobs": both})) == {"job b": "unchanged", "job a": "created"}
    assert job(client, "b")["id"] == first
    assert set(actions(apply(client, client.get("/api/export").json())).values()) == {"unchanged"}


def test_jobs_of_one_name_cannot_be_exported(client: TestClient) -> None:
    for _ in range(2):
        assert client.post("/api/jobs", json={"name": "twin", "jobType": "echo"}).status_code == 201
    answer = client.get("/api/export")
    assert (answer.status_code, "'twin'" in answer.json()["detail"]) == (409, True)


def test_what_is_disabled_or_over_is_exported_so_that_it_can_be_applied_elsewhere(client: TestClient) -> None:
    apply(client, {"jobs": [{"name": "off", "jobType": "echo", "state": "Disabled", "schedule": {"every": "1h"}}]})
    over = {"name": "over", "jobType": "echo", "schedule": {"once": "2099-01-01T00:00:00Z", "maxRuns": 1}}
    apply(client, {"jobs": [over]})
    schedule = keys(client, "over")["default"]["id"]
    skipped = client.post(
        f"/api/schedules/{schedule}/exceptions", json={"action": "skip", "at": "2099-01-01T00:00:00Z"}
    )
    assert skipped.status_code == 201, skipped.text
    exported = client.get("/api/export").json()
    off, ended = exported["jobs"]
    assert off["state"] == "Disabled"
    assert "schedule" not in ended
    assert set(actions(apply(client, exported)).values()) == {"unchanged"}
    for name in ("off", "over"):
        client.delete(f"/api/jobs/{job(client, name)['id']}")
    assert set(actions(apply(client, exported)).values()) == {"created"}
    assert job(client, "off")["state"] == "Disabled"


def test_a_delay_without_a_key_is_taken_over(client: TestClient) -> None:
    id = client.post("/api/jobs", json={"name": "later", "jobType": "echo"}).json()["id"]
    assert client.post("/api/schedules", json={"jobId": id, "after": "2h"}).status_code == 201
    done = apply(client, {"jobs": [{"name": "later", "jobType": "echo", "schedule": {"after": "2h"}}]})
    assert changed(done, "later") == {"source": ("api", "file")}
    assert list(keys(client, "later")) == ["default"]


@pytest.mark.parametrize(
    "manifest",
    [
        {"jobs": [{"name": []}]},
        {"jobs": [{"name": {}}, {"name": {}}]},
        {"calendars": [{"name": []}]},
        {"calendars": [{"name": "a", "parents": {"x": 1}}]},
        {"calendars": [{"name": "a", "parents": [["x"], 1]}]},
        {"schedules": [{"job": [], "key": {}}]},
        {"schedules": [{"job": "a", "key": "b" * 9000, "every": "1h"}]},
    ],
)
def test_what_is_of_another_kind_is_refused(client: TestClient, manifest: dict[str, Any]) -> None:
    assert client.post("/api/apply", json=manifest).status_code == 422


def test_everything_that_is_wrong_with_a_known_job_is_told(client: TestClient) -> None:
    apply(client, {"jobs": [WEEKLY]})
    wrong = {"name": "weekly", "jobType": "echo", "retryCount": -1, "schedule": {"cron": "nonsense"}}
    errors = client.post("/api/apply", json={"jobs": [wrong]}).json()["errors"]
    assert {error["loc"][2] for error in errors} == {"retryCount", "schedule"}
