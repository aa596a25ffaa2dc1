// A job as a form: nothing is changed but what somebody changed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, changesOf, creationOf, spanOf, textsOf, valueOf } from "../../src/rota/console/lib/job_definition.js";

const JOB = {
  id: "01a0", name: "etl.load", jobType: "etl.load", description: null, parameters: { id: 9007199254740993n }, parametersSchema: { type: "object" }, queue: "default", priority: 0, timeoutSeconds: 300, retryCount: 3,
  retryStrategy: "linear", tags: ["a", "b"], onLost: "fail", state: "Paused", version: 4, nextAt: "x", schedules: [], schedule: { cron: "* * * * *" },
};

test("durations are written short and exact", () => {
  assert.deepEqual([0, 1.5, 90, 300, 7200, 86400, null].map(spanOf), ["0s", "1.5s", "90s", "5m", "2h", "1d", ""]);
});

test("texts come back as what they were", () => {
  const texts = textsOf(JOB);
  assert.deepEqual(changesOf(texts, texts), { changes: {}, wrong: {} });
  assert.deepEqual([texts.timeoutSeconds, texts.tags, texts.description], ["5m", "a, b", ""]);
  assert.deepEqual(valueOf("parameters", texts.parameters), { value: JOB.parameters });
});

test("only what was changed is asked for", () => {
  const texts = textsOf(JOB);
  const { changes, wrong } = changesOf(texts, { ...texts, description: " new ", tags: "a", timeoutSeconds: "90", retryCount: "many", parametersSchema: "" });
  assert.deepEqual(changes, { description: "new", tags: ["a"], timeoutSeconds: 90, parametersSchema: null });
  assert.deepEqual(wrong, { retryCount: "a whole number is wanted" });
  assert.deepEqual(bodyOf(JOB, changes, []), changes);
});

test("another name takes the whole definition along, with the schedules that came with it", () => {
  const schedules = [{ key: "default", document: { cron: "0 6 * * *" } }, { key: "default-2", document: { every: "1h" } }, { key: null, document: { every: "2h" } }, { key: "night", document: { every: "3h" } }];
  const body = bodyOf(JOB, { name: "etl.load2" }, schedules);
  assert.equal(body.name, "etl.load2");
  assert.deepEqual([body.jobType, body.retryStrategy, body.onLost, body.parametersSchema], ["etl.load", "linear", "fail", { type: "object" }]);
  assert.deepEqual(body.schedules, [{ cron: "0 6 * * *", key: "default" }, { every: "1h", key: "default-2" }]);
  for (const name of ["id", "state", "version", "nextAt", "schedule"]) assert.ok(!(name in body), name);
});

test("an older version with the same name changes fields alone, so that no schedule goes", () => {
  assert.deepEqual(bodyOf(JOB, { name: "etl.load", jobType: "etl.load", retryCount: 1, description: null }, []), { retryCount: 1, description: null });
});

test("a new job says what somebody wrote", () => {
  const { body, wrong } = creationOf({ ...textsOf(), name: " etl.new ", jobType: "echo", teamName: "", timeoutSeconds: "10m", parameters: '{"a": 1}' });
  assert.deepEqual(wrong, {});
  assert.deepEqual(body, { name: "etl.new", jobType: "echo", parameters: { a: 1 }, queue: "default", priority: 0, timeoutSeconds: "10m", retryCount: 3 });
  assert.ok(creationOf({ ...textsOf(), parameters: "[1]" }).wrong.parameters);
});
