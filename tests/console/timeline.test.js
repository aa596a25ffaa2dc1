// The timeline without a page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST_BARS, barsBetween, counted, hit, laidOut, lanesBetween, margined, moved, neighbour, nothing, placeOf, ticks, windowOf, withPage, zoomed } from "../../src/rota/console/lib/timeline.js";

const HOUR = 3600000, DAY = 24 * HOUR;
const NOW = Date.parse("2026-11-28T12:00:00Z");
const STATES = ["Scheduled", "Pending", "Waiting", "Running", "Retrying", "Cancelling", "Succeeded", "Failed", "Cancelled", "Skipped", "Expired"];
const page = (bars, { lanes = ["a", "b"], expected = [], nextCursor = null } = {}) => ({
  from: new Date(NOW - 6 * HOUR).toISOString(), lanes: lanes.map((key) => ({ key, name: `job ${key}` })), states: STATES, bars, expected, nextCursor,
});

test("the address means a window, or a range that follows the clock", () => {
  assert.deepEqual(windowOf({ range: "1h" }, NOW), { from: NOW - HOUR, to: NOW + HOUR / 6, follows: true });
  assert.deepEqual(windowOf({ from: "2026-11-28T00:00:00Z", to: "2026-11-28T01:00:00Z" }, NOW), { from: NOW - 12 * HOUR, to: NOW - 11 * HOUR, follows: false });
  for (const broken of [{}, { range: "3w" }, { from: "x", to: "y" }, { from: "2026-11-28T01:00:00Z", to: "2026-11-28T00:00:00Z" }]) assert.equal(windowOf(broken, NOW).from, NOW - 6 * HOUR);
});

test("a zoom keeps the point under the pointer, and has ends", () => {
  const near = zoomed({ from: 0, to: 1000000 }, 0.5, 250000);
  assert.deepEqual(near, { from: 125000, to: 625000 });
  const nearest = zoomed({ from: 0, to: 6000 }, 0.01);
  assert.equal(nearest.to - nearest.from, 5000);
  const farthest = zoomed({ from: 0, to: 20 * DAY }, 9);
  assert.equal(farthest.to - farthest.from, 23 * DAY);
  assert.deepEqual(moved({ from: 5, to: 10 }, -2.4), { from: 3, to: 8 });
  assert.deepEqual(margined({ from: 1000, to: 2000 }), { from: 850, to: 2150 });
});

test("pages come together, and the first one tells anew what lives", () => {
  let known = withPage(nothing(), page([[0, "run", 10, null, 3], [0, "old", 1, 5, 6]], { nextCursor: "c" }), { first: true });
  assert.equal(known.gap, false);
  known = withPage(known, page([[1, "older", 0, 1, 7]]));
  assert.deepEqual([...known.bars.keys()], ["run", "old", "older"]);
  known = withPage(known, page([[0, "run", 10, 20, 6], [0, "old", 1, 5, 6]], { nextCursor: "c" }), { first: true });
  assert.equal(known.bars.get("run").state, "Succeeded");
  assert.equal(known.gap, false);
  assert.equal(withPage(known, page([[0, "new", 30, 31, 6]], { nextCursor: "c" }), { first: true }).gap, true);
  const elsewhere = withPage(known, page([]), { first: true, window: { from: NOW, to: NOW + HOUR } });
  assert.equal(elsewhere.bars.size, 0);
});

test("no more bars are kept than can be drawn: the newest", () => {
  const many = Array.from({ length: MOST_BARS + 50 }, (_, i) => [0, `e${i}`, i, i + 1, 6]);
  const { bars } = withPage(nothing(), page(many), { first: true });
  assert.equal(bars.size, MOST_BARS);
  assert.ok(bars.has(`e${MOST_BARS + 49}`) && !bars.has("e0"));
});

const layout = () => laidOut(withPage(nothing(), page([
  [0, "one", 0, 100, 6], [0, "two", 50, 150, 7], [0, "three", 120, 130, 6], [1, "live", 40, null, 3],
], { expected: [[1, "s", 7 * HOUR, 10]] }), { first: true }), NOW);

test("bars that run at once stand in tracks of their own", () => {
  const { lanes, many } = layout();
  assert.equal(many, 5);
  assert.deepEqual(lanes.map(({ name, tracks }) => [name, tracks.map(({ bars }) => bars.map(({ id }) => id))]), [["job a", [["one", "three"], ["two"]]], ["job b", [["live", "s"]]]]);
  assert.equal(lanes[1].top, lanes[0].height);
});

test("more at once than there are tracks share them", () => {
  const { lanes } = laidOut(withPage(nothing(), page(Array.from({ length: 40 }, (_, i) => [0, `e${i}`, i, 1000, 6])), { first: true }), NOW);
  assert.equal(lanes[0].tracks.length, 10);
  assert.equal(lanes[0].tracks.reduce((sum, { bars }) => sum + bars.length, 0), 40);
});

test("only what is visible is found", () => {
  const found = layout();
  const start = NOW - 6 * HOUR;
  assert.deepEqual(lanesBetween(found, 0, 1), [0, 1]);
  assert.deepEqual(lanesBetween(found, found.lanes[1].top, 999), [1, 2]);
  const [track] = found.lanes[0].tracks;
  assert.deepEqual(barsBetween(track, start + 101, start + 110), [1, 1]);
  assert.deepEqual(barsBetween(track, start + 90, start + 125), [0, 2]);
});

test("a point hits the nearest bar of its track, or the row alone", () => {
  const found = layout();
  const start = NOW - 6 * HOUR;
  assert.equal(hit(found, 8, start + 60, NOW, 5).bar.id, "one");
  assert.equal(hit(found, 8, start + 104, NOW, 5).bar.id, "one");
  assert.equal(hit(found, 24, start + 60, NOW, 5).bar.id, "two");
  assert.equal(hit(found, 8, start + 500, NOW, 5).bar, null);
  assert.equal(hit(found, found.lanes[1].top + 8, NOW - 1000, NOW, 5).bar.id, "live");
  assert.equal(hit(found, found.height + 1, NOW, NOW, 5), null);
});

test("keys lead from bar to bar", () => {
  const found = layout();
  const one = neighbour(found, null, "below", NOW - 6 * HOUR);
  assert.equal(one.id, "one");
  assert.equal(neighbour(found, one, "next").id, "two");
  assert.equal(neighbour(found, one, "previous").id, "one");
  assert.equal(neighbour(found, one, "below").id, "live");
  assert.equal(neighbour(found, neighbour(found, one, "below"), "above").id, "two");
  assert.equal(neighbour({ lanes: [] }, null, "next"), null);
  assert.equal(placeOf(found, one).y, 6);
  assert.equal(placeOf(found, { lane: "gone" }), null);
});

test("the axis has whole steps of the zone's clock", () => {
  const utc = ticks({ from: NOW - HOUR - 1, to: NOW }, 10, () => 0);
  assert.deepEqual([utc.step, utc.ticks.map(({ at }) => (NOW - at) / 60000)], [10 * 60000, [60, 50, 40, 30, 20, 10, 0]]);
  const india = ticks({ from: NOW - DAY, to: NOW }, 6, () => 5.5 * HOUR);
  assert.deepEqual(india.ticks.map(({ at, day }) => [new Date(at).toISOString().slice(11, 16), day]), [["12:30", false], ["18:30", true], ["00:30", false], ["06:30", false]]);
  const turn = Date.parse("2026-10-25T01:00:00Z");
  const berlin = (at) => (at < turn ? 2 : 1) * HOUR;
  const days = ticks({ from: turn - 2 * DAY, to: turn + 2 * DAY }, 5, berlin);
  assert.deepEqual(days.ticks.map(({ at }) => new Date(at).toISOString().slice(8, 13)), ["23T22", "24T22", "25T23", "26T23"]);
});

test("states are counted", () => {
  assert.deepEqual([...counted(withPage(nothing(), page([[0, "a", 0, 1, 6], [0, "b", 0, 1, 7], [0, "c", 0, 1, 6]]), { first: true }))], [["Expected", 0], ["Succeeded", 2], ["Failed", 1]]);
});

test("ten thousand bars are laid out and searched in no time", () => {
  const many = Array.from({ length: MOST_BARS }, (_, i) => [i % 2000, `e${i}`, i * 2000, i * 2000 + 5000, 6]);
  const known = withPage(nothing(), page(many, { lanes: Array.from({ length: 2000 }, (_, i) => `l${i}`) }), { first: true });
  const begun = performance.now();
  const found = laidOut(known, NOW);
  for (let y = 0; y < found.height; y += 50) hit(found, y, NOW - 5 * HOUR, NOW, 1000);
  assert.ok(performance.now() - begun < 500);
});
