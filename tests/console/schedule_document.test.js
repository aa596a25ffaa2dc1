// What the editor of schedules does to the schedule object.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  beyond, conditionOf, errorOf, fromInput, monthDay, ruleOf, RULES, span, toInput, withCondition, withField, withMonthDay, withPart, withRule, withWindow,
} from "../../src/rota/console/lib/schedule_document.js";

test("a schedule has exactly one rule, or one that only JSON tells", () => {
  assert.equal(ruleOf({ cron: "* * * * *", timeZone: "UTC" }), "cron");
  assert.equal(ruleOf({ monthly: { nthBusinessDay: 3, at: "06:00" } }), "monthly");
  assert.equal(ruleOf({ scheduleType: 2, timeOfDay: "06:00" }), null);
  assert.equal(ruleOf({ cron: "* * * * *", every: "1h" }), null);
  assert.equal(ruleOf(undefined), null);
});

test("another rule leaves everything else as it was, unknown fields too", () => {
  const before = { daily: { at: "02:30" }, timeZone: "Europe/Madrid", fromTomorrow: { a: [1] } };
  for (const [rule] of RULES) {
    const after = withRule(before, rule);
    assert.equal(ruleOf(after), rule);
    assert.deepEqual([after.timeZone, after.fromTomorrow], ["Europe/Madrid", { a: [1] }]);
  }
  assert.equal(withRule(before, "weekly").weekly.at, "02:30", "the time of day is kept");
  assert.equal(withRule({ cron: "0 6 * * *" }, "daily").daily.at, "06:00", "a text has no time of day");
  assert.equal("anchor" in withRule({ every: "1h", anchor: "2026-01-01T00:00:00Z" }, "cron"), false, "what belongs to the old rule goes");
});

test("a field that is emptied is left out, one that is set keeps its place", () => {
  for (const nothing of [null, undefined, "", []]) assert.deepEqual(withField({ cron: "@daily", jitter: "30s" }, "jitter", nothing), { cron: "@daily" });
  assert.deepEqual(Object.keys(withField({ jitter: "30s", cron: "@daily" }, "jitter", "1m")), ["jitter", "cron"]);
  assert.deepEqual(withField({}, "enabled", false), { enabled: false });
  assert.deepEqual(withPart({ weekly: { on: ["MON"], at: "06:00", x: 1 } }, "weekly", { at: "07:00" }), { weekly: { on: ["MON"], at: "07:00", x: 1 } });
});

test("the day of a month is a number, the last, or a business day from either end", () => {
  const cases = [[{ day: 15 }, "day", 15], [{ day: -1 }, "last", 1], [{ nthBusinessDay: 3 }, "business", 3], [{ nthBusinessDay: -2 }, "lastBusiness", 2]];
  for (const [rule, which, number] of cases) {
    assert.deepEqual(monthDay(rule), { which, number });
    assert.deepEqual(withMonthDay({ monthly: { day: 9, at: "06:00" }, name: "n" }, which, number), { monthly: { ...rule, at: "06:00" }, name: "n" });
  }
});

test("a window goes when nothing of it is left", () => {
  const half = withWindow({ cron: "@hourly" }, { from: "08:00" });
  assert.deepEqual(half.window, { from: "08:00" });
  assert.deepEqual(withWindow(half, { from: "" }), { cron: "@hourly" });
  assert.deepEqual(withWindow({ window: { from: "08:00", on: ["MON"] } }, { on: [] }).window, { from: "08:00" });
});

test("a condition is an expression until it asks somebody", () => {
  assert.deepEqual(withCondition({}, { expression: "day.working" }), { condition: "day.working" });
  const asking = withCondition({ condition: "probe.ok" }, { url: "https://example.com" });
  assert.deepEqual(asking, { condition: { expression: "probe.ok", probe: { url: "https://example.com" } } });
  const patient = { condition: { expression: "probe.ok", probe: { url: "https://a", timeout: 9 } } };
  assert.deepEqual(withCondition(patient, { expression: "!probe.ok" }).condition, { expression: "!probe.ok", probe: { url: "https://a", timeout: 9 } });
  assert.equal(conditionOf(patient).url, "https://a");
  assert.deepEqual(withCondition(asking, { url: "" }), { condition: "probe.ok" });
  assert.deepEqual(withCondition({ condition: "x" }, { expression: "" }), {});
});

test("a bare number is seconds", () => {
  assert.equal(span("90"), 90);
  assert.equal(span("0.5"), 0.5);
  assert.equal(span("90s"), "90s");
});

test("what the form does not show is named", () => {
  assert.deepEqual(beyond({ cron: "@daily", timeZone: "UTC", parameters: {}, scheduleType: 5 }), ["parameters", "scheduleType"]);
});

test("an error finds its field wherever the document stood", () => {
  const errors = [{ loc: ["schedule", "monthly", "at"], msg: "a time" }, { loc: ["weekly", "on", 0], msg: "a weekday" }];
  assert.equal(errorOf(errors, "monthly.at"), "a time");
  assert.equal(errorOf(errors, "weekly.on"), "a weekday");
  assert.equal(errorOf(errors, "daily.at"), null);
  assert.equal(errorOf(undefined, "cron"), null);
});

test("a date and a time are of the schedule's own zone, on both sides of a change of clocks", () => {
  assert.equal(fromInput("2026-07-01T06:00", "Europe/Madrid"), "2026-07-01T04:00:00Z");
  assert.equal(fromInput("2026-10-25T06:00", "Europe/Madrid"), "2026-10-25T05:00:00Z");
  assert.equal(fromInput("2026-03-29T06:00", "Europe/Madrid"), "2026-03-29T04:00:00Z");
  assert.equal(fromInput("2026-12-31T23:59:30", "America/New_York"), "2027-01-01T04:59:30Z");
  assert.equal(fromInput("", "UTC"), null);
  assert.equal(toInput("2026-07-01T04:00:00Z", "Europe/Madrid"), "2026-07-01T06:00");
  assert.equal(toInput("2027-01-01T04:59:30Z", "America/New_York"), "2026-12-31T23:59:30");
  assert.equal(toInput("soon", "UTC"), "");
  assert.equal(toInput("2026-07-01T04:00:00Z", "Nowhere/Land"), "2026-07-01T04:00");
});
