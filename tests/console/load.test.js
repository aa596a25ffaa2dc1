// The coming load in the clock of the reader.
import assert from "node:assert/strict";
import { test } from "node:test";
import { brief, briefPart, daysOf, levelOf, stepsOf, valueOf, weeksOf } from "../../src/rota/console/lib/load.js";

const hour = (at, fires, busySeconds = fires * 10) => ({ at, fires, busySeconds });

test("hours fall into the days of the reader's zone", () => {
  const view = { from: "2026-11-28T22:10:00Z", to: "2026-11-29T22:10:00Z", stoppedAt: null, hours: [hour("2026-11-28T22:00:00Z", 1), hour("2026-11-28T23:00:00Z", 4)], daysOff: [{ date: "2026-11-29", calendar: "DE", name: "x" }] };
  const days = daysOf(view, "Europe/Berlin");
  assert.deepEqual(days.map(({ date, total }) => [date, total.fires]), [["2026-11-28", 1], ["2026-11-29", 4]]);
  assert.equal(days[1].hours[0].fires, 4);
  assert.equal(days[0].hours[22], null, "what is over is not there");
  assert.equal(days[1].off[0].name, "x");
  assert.deepEqual(daysOf(view, "UTC").map(({ total }) => total.fires), [5, 0]);
});

test("what was not counted says so", () => {
  const view = { from: "2026-11-28T00:00:00Z", to: "2026-11-29T00:00:00Z", stoppedAt: "2026-11-28T03:30:00Z", hours: [], daysOff: [] };
  const [{ hours }] = daysOf(view, "UTC");
  assert.deepEqual(hours.map(({ counted }) => counted).slice(0, 6), [true, true, true, true, false, false]);
});

test("an hour that comes twice is one cell of two hours", () => {
  const view = { from: "2026-10-25T00:00:00Z", to: "2026-10-25T12:00:00Z", stoppedAt: null, hours: [hour("2026-10-25T00:00:00Z", 2), hour("2026-10-25T01:00:00Z", 3)], daysOff: [] };
  const [{ hours }] = daysOf(view, "Europe/Berlin");
  assert.equal(hours[2].fires, 5);
  assert.equal(hours[2].to - hours[2].at, 2 * 3600000);
});

test("weeks begin on Monday", () => {
  const days = ["2026-11-28", "2026-11-29", "2026-11-30"].map((date) => ({ date }));
  assert.deepEqual(weeksOf(days).map((week) => week.map((day) => day?.date.slice(8) ?? "")), [["", "", "", "", "", "28", "29"], ["30", "", "", "", "", "", ""]]);
  assert.deepEqual(weeksOf([]), []);
});

test("values have levels and short words", () => {
  assert.deepEqual([0, 1, 4, 50, 100].map((value) => levelOf(value, 100)), [0, 1, 1, 4, 5]);
  assert.deepEqual(stepsOf(100).map(Math.round), [0, 4, 16, 36, 64]);
  assert.deepEqual([7, 999, 1234, 12345, 1500000].map(brief), ["7", "999", "1.2k", "12k", "1.5M"]);
  assert.deepEqual([0, 0.004, 0.5, 1.3].map(briefPart), ["0%", "<1%", "50%", "130%"]);
  assert.equal(valueOf({ at: 0, to: 3600000, fires: 3, busySeconds: 7200 }, "busy", 4), 0.5);
  assert.equal(valueOf({ at: 0, to: 3600000, fires: 3, busySeconds: 7200 }, "busy", 0), 0);
  assert.equal(valueOf({ at: 0, to: 3600000, fires: 3, busySeconds: 7200 }, "fires", 4), 3);
});
