// A year of a calendar, day by day.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dayIn, markOf, monthsOf, nthWords, ruleWords, shifted, sourceWords, weeksOf } from "../../src/rota/console/lib/year.js";

const YEAR = 2026;
const off = new Map([["2026-01-01", "holiday"], ["2026-01-06", "rule"], ["2026-12-31", "override"]]);
const days = [...off].map(([date, kind]) => ({ date, working: false, reasons: [{ kind, name: kind, overridden: false }] }));
const working = Array.from({ length: 365 }, (_, index) => {
  const moment = new Date(Date.UTC(YEAR, 0, 1 + index));
  return [0, 6].includes(moment.getUTCDay()) || off.has(moment.toISOString().slice(0, 10)) ? "0" : "1";
}).join("");
const months = monthsOf({ year: YEAR, working, days });

test("a year has its months and every day of them, counted from both ends", () => {
  assert.deepEqual(months.map((month) => month.days.length), [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
  assert.equal(months[0].working, 20);
  assert.deepEqual([dayIn(months, "2026-01-02").nth, dayIn(months, "2026-01-02").last], [1, -20]);
  assert.deepEqual([dayIn(months, "2026-01-30").nth, dayIn(months, "2026-01-30").last], [20, -1]);
  assert.deepEqual([dayIn(months, "2026-01-01").nth, dayIn(months, "2026-01-01").last], [null, null]);
  assert.equal(dayIn(months, "2026-01-02").weekday, 4, "a Friday");
  assert.equal(dayIn(months, "2027-13-01"), undefined);
});

test("a day is marked by what is said of it last", () => {
  assert.equal(dayIn(months, "2026-01-01").mark, "holiday");
  assert.equal(dayIn(months, "2026-01-06").mark, "rule");
  assert.equal(dayIn(months, "2026-12-31").mark, "off");
  assert.equal(dayIn(months, "2026-01-03").mark, "weekend");
  assert.equal(dayIn(months, "2026-01-05").mark, "");
  const beaten = [{ kind: "holiday", overridden: true }, { kind: "override", overridden: false }];
  assert.equal(markOf(true, beaten), "worked");
  assert.equal(markOf(true, [{ kind: "workedWeekend", overridden: false }]), "workedWeekend");
});

test("weeks begin on Monday and are whole", () => {
  const weeks = weeksOf(months[0].days);
  assert.deepEqual(weeks.map((week) => week.length), [7, 7, 7, 7, 7]);
  assert.deepEqual(weeks[0].map((day) => day?.number ?? null), [null, null, null, 1, 2, 3, 4]);
  assert.equal(shifted("2026-12-31", 1), "2027-01-01");
  assert.equal(shifted("2026-03-29", -7), "2026-03-22");
});

test("days, sources and rules are told in words", () => {
  assert.equal(nthWords({ nth: 1, last: -20 }), "1st business day of the month, 20th from the end");
  assert.equal(nthWords({ nth: 12, last: -1 }), "12th business day of the month, the last");
  assert.equal(nthWords({ nth: null, last: null }), "no business day");
  assert.equal(sourceWords({ country: "DE", subdivision: "BY" }), "public holidays of DE, BY");
  assert.equal(sourceWords({ market: "XNYS" }), "market XNYS");
  assert.equal(ruleWords({ yearly: { month: 12, day: 24 } }), "every 24 December");
  assert.equal(ruleWords({ easter: -2 }), "2 days before Easter Sunday");
  assert.equal(ruleWords({ nthWeekday: { month: 11, weekday: "THU", nth: 4 } }), "the 4th Thu of November");
  assert.equal(ruleWords({ nthWeekday: { month: 5, weekday: "MON", nth: -1 } }), "the last Mon of May");
  assert.equal(ruleWords({ date: "2026-08-14" }), "2026-08-14");
});
