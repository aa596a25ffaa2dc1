"""Calendars in every store: versions, ancestors, and who names them."""

import json

from sqlalchemy import update

from rota.domain.calendar import Calendar
from rota.stores import bell, calendars
from rota.stores.database import Database
from rota.stores.schedule_tables import schedules
from stores_under_test.filling import fill


def test_a_calendar_is_kept_with_its_versions(each_store: Database) -> None:
    first = Calendar.parse({"rules": [{"name": "närrisch 🎭", "easter": -48}]})
    with each_store.write() as tx:
        made = calendars.add(tx, "Cologne", first, created_by="ann")
        assert bell.SCHEDULES in tx.topics
    second = Calendar.parse({"weekend": ["SUN"]})
    with each_store.write() as tx:
        saved = calendars.save(tx, made, second, changed_by="bob")
        assert bell.SCHEDULES in tx.topics
    with each_store.read() as tx:
        found = calendars.get(tx, made.name)
        assert found == saved
        assert (saved.version, saved.created_by, saved.changed_by) == (2, "ann", "bob")
        kept = calendars.versions(tx, made.name, limit=5)
        assert [(one.version, one.calendar, one.changed_by) for one in kept] == [(2, second, "bob"), (1, first, "ann")]
        assert [one.version for one in calendars.versions(tx, made.name, limit=5, before=2)] == [1]
        assert calendars.get(tx, made.name.upper()) is None
    with each_store.write() as tx:
        calendars.remove(tx, made.name)
        assert bell.SCHEDULES in tx.topics
    with each_store.read() as tx:
        assert calendars.get(tx, made.name) is None
        assert calendars.versions(tx, made.name, limit=5) == []


def test_pages_go_by_name_and_ancestors_come_along(each_store: Database) -> None:
    parents = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": [], "e": ["ab"], "ab": []}
    with each_store.write() as tx:
        for name, above in parents.items():
            calendars.add(tx, name, Calendar.parse({"parents": above}), created_by="ann")
    with each_store.read() as tx:
        first = calendars.find(tx, limit=4)
        rest = calendars.find(tx, limit=4, after=first[-1].name)
        assert [one.name for one in (*first, *rest)] == ["a", "ab", "b", "c", "d", "e"]
        assert set(calendars.known(tx, ["a"])) == {"a", "b", "c", "d"}
        assert set(calendars.known(tx, ["c", "e", "nobody"])) == {"c", "d", "e", "ab"}
        assert calendars.known(tx, []) == {}
        assert calendars.children(tx, "d") == ["b", "c"]
        assert calendars.children(tx, "a") == []


def test_schedules_that_name_a_calendar_are_found_whatever_else_holds_its_name(each_store: Database) -> None:
    fill(each_store, 20)
    with each_store.write() as tx:
        ids = sorted(row.id for row in tx.all(schedules.select()))
        rules: list[dict[str, object]] = [
            {"calendar": "x_y"},
            {"calendar": ["other", "x_y"]},
            {"calendar": "xzy"},  # an underscore is no wildcard
            {"calendar": "other", "name": "x_y"},
            {"calendar": ["X_Y"]},
            {"name": "x_y"},
        ] * 3
        for id, rule in zip(ids, rules, strict=False):
            text = json.dumps({"every": "1h", **rule})
            tx.execute(update(schedules).where(schedules.c.id == id).values(rule=text))
    naming = ("x_y", ["other", "x_y"])
    expected = [id for id, rule in zip(ids, rules, strict=False) if rule.get("calendar") in naming][::-1]
    assert len(expected) == 6
    with each_store.read() as tx:
        assert [one.id for one in calendars.users(tx, "x_y", limit=50)] == expected
        first = calendars.users(tx, "x_y", limit=2)
        rest = calendars.users(tx, "x_y", limit=50, before=first[-1].id)
        assert [one.id for one in (*first, *rest)] == expected
        assert {one.job_name for one in first} == {"a"}
        assert calendars.users(tx, "nobody", limit=5) == []
