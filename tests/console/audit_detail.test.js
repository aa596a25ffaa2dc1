// What an entry of the audit says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compared, nameOf, placeOf, pointsTo, reasonOf, spaced, written } from "../../src/rota/console/lib/audit_detail.js";

test("a change of a job, a queue or a schedule is compared", () => {
  assert.deepEqual(compared({ noun: "job", action: "update", detail: { version: 2, changed: { priority: [0, 5] } } }), { before: { priority: 0 }, after: { priority: 5 }, rest: { version: 2 } });
  assert.deepEqual(compared({ noun: "queue", action: "pause", detail: { paused: [false, true], note: [null, "disk"] } }), { before: { paused: false, note: null }, after: { paused: true, note: "disk" }, rest: {} });
  assert.deepEqual(compared({ noun: "schedule", action: "update", detail: { before: { cron: "1" }, after: { cron: "2" }, jobId: "j" } }), { before: { cron: "1" }, after: { cron: "2" }, rest: { jobId: "j" } });
});

test("what is no change is told as it is", () => {
  assert.deepEqual(compared({ noun: "key", action: "create", detail: { name: "a", queues: ["x", "y"] } }), { before: null, after: null, rest: { name: "a", queues: ["x", "y"] } });
  assert.deepEqual(compared({ noun: "calendar", action: "update", detail: { changed: ["rules"] } }).rest, { changed: ["rules"] });
});

test("the reason, the name and the places of an entry", () => {
  assert.equal(reasonOf({ detail: { note: [null, "disk"] } }), "disk");
  assert.equal(reasonOf({ detail: { reason: null } }), null);
  assert.equal(nameOf({ detail: { definition: { name: "etl" } } }), "etl");
  assert.equal(placeOf({ noun: "calendar", subjectId: "a b", action: "update" }), "/calendars/a%20b");
  assert.equal(placeOf({ noun: "queue", subjectId: "etl", action: "set" }), "/fleet");
  assert.equal(placeOf({ noun: "job", subjectId: "j", action: "delete" }), null);
  assert.deepEqual(pointsTo({ noun: "execution", detail: { as: "e2" } }), [["the new execution", "/executions/e2"]]);
  assert.deepEqual(pointsTo({ noun: "schedule", detail: { jobId: "j" } }), [["the job", "/jobs/j"]]);
});

test("words and instants are told as people write them", () => {
  assert.equal(spaced("addException"), "add exception");
  assert.equal(JSON.parse(written({ expiresAt: 1796441131763588 })).expiresAt, "2026-12-05T03:25:31.763Z");
  assert.equal(JSON.parse(written({ many: 1796441131763588 })).many, 1796441131763588);
});
