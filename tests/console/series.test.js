// Figures over days.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dayName, secondsOf, shortNumber, stacked, summed } from "../../src/rota/console/lib/series.js";

test("series stand on one another", () => {
  assert.deepEqual(stacked([[1, 2], [3, null], [0, 4]]), [[1, 2], [4, 2], [4, 6]]);
  assert.deepEqual(stacked([]), []);
});

test("the average of days is weighed by their runs", () => {
  const day = (succeeded, failed, averageDurationSeconds) => ({ succeeded, failed, cancelled: 1, averageDurationSeconds });
  assert.deepEqual(summed([day(3, 0, 10), day(0, 1, 2), day(0, 0, null)]), { succeeded: 3, failed: 1, cancelled: 3, averageDurationSeconds: 8 });
  assert.equal(summed([]).averageDurationSeconds, null);
});

test("days and figures are told shortly", () => {
  assert.equal(dayName("2026-11-28"), "Sat 28 Nov");
  assert.equal(secondsOf("1970-01-02"), 86400);
  assert.deepEqual([0, 950, 1500, 12000, 2500000].map(shortNumber), ["0", "950", "1.5k", "12k", "2.5M"]);
});
