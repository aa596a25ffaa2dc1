// The query box: what it understands, what it refuses and how, what it proposes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuery, suggestions, withWord } from "../../src/rota/console/lib/query.js";

const problemOf = (text) => parseQuery(text).problems.join(" | ");

test("every word goes to its parameter", () => {
  assert.deepEqual(parseQuery("status:failed,expired job:etl.* queue:reports trigger:Manual worker:w1 since:7d").query,
    { state: "failed,expired", q: "etl.", queue: "reports", trigger: "manual", workerId: "w1", since: "7d" });
  assert.deepEqual(parseQuery("state:FAILED until:1h").query, { state: "failed", until: "1h" });
  assert.deepEqual(parseQuery('type:http queue:"night shift"').query, { type: "http", queue: "night shift", since: "24h" });
});

test("the last day is meant when no time is said", () => {
  assert.equal(parseQuery("").query.since, "24h");
  assert.equal(parseQuery("").implied, true);
  assert.equal(parseQuery("until:1h").implied, false);
  assert.equal(parseQuery("since:30d").implied, false);
});

test("words without a colon are a part of the name", () => {
  assert.equal(parseQuery("nightly report").query.q, "nightly report");
  assert.equal(parseQuery('"nightly  report"').query.q, "nightly  report");
  assert.equal(parseQuery("*orders*").query.q, "orders");
  assert.equal(parseQuery("*").query.q, undefined);
});

test("an id of a job is not a part of its name", () => {
  const id = "01a22041-7807-7fef-9606-e1080450b16b";
  assert.deepEqual(parseQuery(`job:${id}`).query, { jobId: id, since: "24h" });
  assert.equal(parseQuery(id).query.q, id);
});

test("times: ages, days, times with and without a zone", () => {
  assert.equal(parseQuery("since:1h30m").query.since, "1h30m");
  assert.equal(parseQuery("since:PT15M").query.since, "PT15M");
  assert.equal(parseQuery("since:2026-11-21").query.since, "2026-11-21T00:00:00Z");
  assert.equal(parseQuery("since:2026-11-21T06:00Z").query.since, "2026-11-21T06:00:00Z");
  assert.equal(parseQuery("since:2026-11-21T06:00:07.5+01:00").query.since, "2026-11-21T06:00:07.5+01:00");
  assert.match(problemOf("since:yesterday"), /“since:yesterday” is no time: .*24h/);
  assert.match(problemOf("since:2026-13-41"), /no time/);
});

test("what is not understood is named, with what there is", () => {
  assert.match(problemOf("moon:full"), /“moon:” is not known; there are status, job/);
  assert.match(problemOf("status:fehl"), /“status:fehl” is not known; there are succeeded, failed/);
  assert.match(problemOf("status:failed,fehl"), /“status:fehl”/);
  assert.match(problemOf("trigger:manual,replay"), /“trigger:manual,replay” is not known/);
  assert.match(problemOf("queue:"), /“queue:” needs a value/);
  assert.match(problemOf("constructor:x"), /“constructor:” is not known/);
  assert.match(problemOf("status:failed status:running"), /stands twice: put commas/);
  assert.match(problemOf("job:a*b"), /only at the beginning or the end/);
  assert.match(problemOf("job:etl nightly"), /looked for once/);
  assert.equal(problemOf("https://example.com/x"), "“https:” is not known; there are status, job, queue, type, trigger, worker, schedule, since, until");
  assert.equal(problemOf("status:completed"), "");
});

test("a word is set, replaced, taken away", () => {
  assert.equal(withWord("etl status:failed since:7d", "status", "running"), "etl since:7d status:running");
  assert.equal(withWord("state:failed x", "status", null), "x");
  assert.equal(withWord("", "since", "30d"), "since:30d");
});

const texts = (...asked) => suggestions(...asked).items.map(({ text }) => text);

test("proposals follow what is typed", () => {
  assert.equal(texts("", 0).length, 9);
  assert.deepEqual(texts("st", 2), ["status:"]);
  assert.deepEqual(texts("status:fa", 9), ["status:failed"]);
  assert.deepEqual(texts("status:failed,ex", 16), ["status:failed,expired"]);
  assert.ok(!texts("status:failed,", 14).includes("status:failed,failed"));
  assert.deepEqual(texts("queue:r", 7, { queue: ["reports", "default"] }), ["queue:reports"]);
  assert.deepEqual(texts("queue:", 6, { queue: ["night shift"] }), ['queue:"night shift"']);
  assert.deepEqual(texts("moon:", 5), []);
  assert.deepEqual(texts("status:failed", 13), []);
});

test("a proposal takes the place of the word under the caret", () => {
  const { from, to } = suggestions("status:f job:x", 8);
  assert.deepEqual([from, to], [0, 8]);
  assert.deepEqual(suggestions("a sta b", 5).items.map(({ text }) => text), ["status:"]);
  assert.equal(suggestions("a sta b", 5).from, 2);
});
