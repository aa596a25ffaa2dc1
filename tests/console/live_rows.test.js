// A list that lives without jumping.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lived, shownOf, waiting } from "../../src/rota/console/lib/live_rows.js";

const page = (ids, nextCursor = "more", state = "Running") => ({ items: ids.map((id) => ({ id, state })), nextCursor });
const ids = ({ rows }) => rows.map(({ id }) => id).join("");

test("rows change where they are, new ones wait", () => {
  const shown = lived(shownOf(page(["d", "c", "b"])), page(["f", "e", "d"], "more", "Failed"));
  assert.equal(ids(shown), "dcb");
  assert.deepEqual(shown.rows.map(({ state }) => state), ["Failed", "Running", "Running"]);
  assert.equal(waiting(shown, 50), "2 new");
  assert.equal(shown.cursor, "more");
});

test("what is no longer like the query is told, not taken away", () => {
  const shown = lived(shownOf(page(["d", "c", "b"])), page(["e", "d", "b", "a"]));
  assert.deepEqual(shown.rows.filter(({ gone }) => gone).map(({ id }) => id), ["c"]);
  assert.equal(waiting(shown, 50), "1 new, 1 changed");
  assert.equal(waiting(lived(shown, page(["d", "c", "b"])), 50), "", "it is like it again");
});

test("below the new page nothing is known", () => {
  assert.equal(lived(shownOf(page(["c", "b", "a"])), page(["f", "e", "d"])).gone, 0);
  assert.equal(lived(shownOf(page(["c", "b"], null)), page(["d"], null)).gone, 2);
  assert.equal(lived(shownOf(page(["c", "b"], null)), page([], null)).gone, 2);
});

test("an older one that slips in at the end of a full page is not new", () => {
  assert.equal(lived(shownOf(page(["c", "b"])), page(["c", "a"])).fresh, 0);
});

test("an empty list shows what comes", () => {
  assert.equal(ids(lived(shownOf(page([], null)), page(["a"], null))), "a");
});

test("a whole page of new ones may be more", () => {
  assert.equal(waiting({ fresh: 50, gone: 0 }, 50), "50+ new");
});
