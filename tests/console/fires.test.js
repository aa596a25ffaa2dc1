// Fires and their changes as they are told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf, fireOf } from "../../src/rota/console/lib/fires.js";

test("a fire has its local time, its offset and its UTC", () => {
  assert.deepEqual(fireOf({ at: "2026-11-30T06:00:00.000Z", local: "2026-11-30T07:00:00+01:00" }), { weekday: "Mon", date: "2026-11-30", time: "07:00", offset: "+01:00", utc: "06:00" });
  assert.equal(fireOf({ at: "2026-11-30T23:30:00Z", local: "2026-12-01T00:30:00+01:00" }).utc, "11-30 23:30", "another date is told");
  assert.equal(fireOf({ at: "2026-11-30T06:00:07Z", local: "2026-11-30T06:00:07+00:00" }).time, "06:00:07");
  assert.equal(fireOf({ at: "2026-11-30T06:00:00Z", local: "2026-11-30T06:00:00.250+00:00" }).time, "06:00:00.250");
});

test("changes come in the order in which they are met", () => {
  const changes = changesOf({ removed: ["2026-01-03T00:00:00Z"], added: ["2026-01-02T00:00:00Z"], moved: [{ from: "2026-01-09T00:00:00Z", to: "2026-01-01T00:00:00Z" }] });
  assert.deepEqual(changes.map(({ kind }) => kind), ["moved", "added", "removed"]);
});
