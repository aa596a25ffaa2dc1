// How figures and times are told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { absolute, bytes, count, duration, local, number, partsOf, percent, relative, shortId, zoneName } from "../../src/rota/console/lib/format.js";

const NOON = Date.parse("2026-11-28T12:00:00Z");
const after = (seconds) => new Date(NOON + seconds * 1000).toISOString();

test("a duration has the two units that matter", () => {
  const told = { 0: "0 ms", 0.042: "42 ms", 0.9996: "1 s", 3.21: "3.2 s", 9.96: "10 s", 59.94: "60 s", 59.96: "1 min", 75: "1 min 15 s", 3600: "1 h", 7300: "2 h 1 min", 90000: "1 d 1 h" };
  for (const [seconds, text] of Object.entries(told)) assert.equal(duration(Number(seconds)), text, seconds);
  assert.equal(duration(null), "–");
});

test("a relative time says on which side of now it is", () => {
  assert.equal(relative(after(0.4), NOON), "now");
  assert.equal(relative(after(-190), NOON), "3 min ago");
  assert.equal(relative(after(2 * 3600), NOON), "in 2 h");
  assert.equal(relative(after(-3 * 86400), NOON), "3 d ago");
});

test("an absolute time is told in a zone, also on the night that clocks change", () => {
  assert.equal(absolute("2026-11-28T13:05:09Z", "UTC"), "2026-11-28 13:05:09");
  assert.equal(absolute("2026-11-28T13:05:09Z", "Europe/Berlin", { seconds: false }), "2026-11-28 14:05");
  assert.equal(absolute("2026-10-25T00:30:00Z", "Europe/Berlin"), "2026-10-25 02:30:00");
  assert.equal(absolute("2026-10-25T01:30:00Z", "Europe/Berlin"), "2026-10-25 02:30:00");
  assert.equal(absolute("2026-10-24T22:00:00Z", "Europe/Berlin", { weekday: true }), "Sun 2026-10-25 00:00:00");
  assert.equal(zoneName("2026-07-01T00:00:00Z", "UTC"), "UTC");
  assert.equal(local("2026-11-28T06:00:00+01:00"), "2026-11-28 06:00:00");
});

test("figures are grouped, parts are percent, and a hundred is only said of all", () => {
  assert.equal(number(1234567), "1,234,567");
  assert.equal(number(null), "–");
  assert.equal(percent(0.9934), "99.3 %");
  assert.equal(percent(1), "100 %");
  assert.equal(percent(0.9999), "99.99 %");
  assert.equal(count(1, "job"), "1 job");
  assert.equal(count(3, "entry", "entries"), "3 entries");
  assert.equal(bytes(999), "999 B");
  assert.equal(bytes(1500), "1.5 kB");
  assert.equal(bytes(25_000_000), "25 MB");
  assert.equal(shortId("0193a5f0-0000-7000-8000-00000000abcd"), "00000000abcd");
});

test("instants and ids within a sentence stand apart", () => {
  assert.deepEqual(partsOf("next at 2026-11-28T06:00:00+01:00 (cron 0 6 * * *)"), ["next at ", { at: "2026-11-28T06:00:00+01:00" }, " (cron 0 6 * * *)"]);
  assert.deepEqual(partsOf("2026-11-28T03:30:00Z was missed"), [{ at: "2026-11-28T03:30:00Z" }, " was missed"]);
  assert.deepEqual(partsOf("execution 01a22041-9a65-7543-8b59-ff8e66f47b0c runs"), ["execution ", { id: "01a22041-9a65-7543-8b59-ff8e66f47b0c" }, " runs"]);
  assert.deepEqual(partsOf("paused"), ["paused"]);
});
