import assert from "node:assert/strict";
import { test } from "node:test";
import { href, parse } from "../../src/rota/console/lib/router.js";

test("a place comes back from its address", () => {
  const query = { q: "status:failed a?b=c&d #1", tab: "why" };
  const [, hash] = href("/jobs/an%20id", query).split("#");
  assert.deepEqual(parse(`#${hash}`), { path: ["jobs", "an id"], query });
  assert.deepEqual(parse(""), { path: [], query: {} });
  assert.equal(href("/jobs", { q: "", state: null, team: undefined }), "#/jobs");
});

test("a mistyped address is a place like any other", () => {
  assert.deepEqual(parse("#/jobs/50%"), { path: ["jobs", "50%"], query: {} });
  assert.deepEqual(parse("#/jobs?q=50%"), { path: ["jobs"], query: { q: "50%" } });
});
