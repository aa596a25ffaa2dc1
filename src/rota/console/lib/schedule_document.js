// The schedule object of the API and the fields of the editor. The object is the truth: what the editor does not know stays.

/** The rules, in the order in which the editor offers them. */
export const RULES = [
  ["cron", "Cron"], ["every", "Every so often"], ["daily", "Daily"], ["weekly", "Weekly"], ["monthly", "Monthly"],
  ["yearly", "Yearly"], ["once", "Once"], ["after", "After a delay"], ["rrule", "Recurrence rule"],
];
export const DAYS = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

const KEYS = ["cron", "every", "anchor", "daily", "weekly", "monthly", "yearly", "once", "after", "rrule"];
const NEW = {
  cron: { cron: "0 6 * * MON-FRI" }, every: { every: "15m" }, daily: { daily: { at: "06:00" } },
  weekly: { weekly: { on: ["MON"], at: "06:00" } }, monthly: { monthly: { day: 1, at: "06:00" } },
  yearly: { yearly: { month: 1, day: 1, at: "06:00" } },
  once: { once: "" }, after: { after: "10m" }, rrule: { rrule: "FREQ=WEEKLY;BYDAY=MO;BYHOUR=6;BYMINUTE=0;BYSECOND=0" },
};

/** What the form shows besides the rule. All else is told by name and changed as JSON. */
const SHOWN = new Set([
  ...KEYS, "timeZone", "calendar", "roll", "dstGap", "dstOverlap", "missed", "maxLateness", "maxCatchupRuns", "overlap", "overlapKey",
  "jitter", "startsAt", "endsAt", "maxRuns", "window", "condition", "enabled", "key", "name", "description",
]);

/** Which rule a schedule has; null for one that only JSON can tell, such as a `scheduleType`. */
export function ruleOf(document) {
  const found = RULES.map(([key]) => key).filter((key) => key in (document ?? {}));
  return found.length === 1 ? found[0] : null;
}

/** The schedule with another rule; everything else stays. A time of day that both rules know is kept. */
export function withRule(document, rule) {
  const rest = Object.fromEntries(Object.entries(document ?? {}).filter(([key]) => !KEYS.includes(key)));
  const made = structuredClone(NEW[rule]);
  const at = KEYS.map((key) => document?.[key]).find((one) => typeof one === "object" && typeof one?.at === "string")?.at;  // texts have a method of that name
  const inner = Object.values(made)[0];
  if (at && typeof inner === "object" && "at" in inner) inner.at = at;
  return { ...made, ...rest };
}

/** The schedule with a field set; null, "" and [] take it away. A field that is there keeps its place. */
export function withField(document, name, value) {
  const gone = value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
  if (!gone) return { ...document, [name]: value };
  const { [name]: _old, ...rest } = document ?? {};
  return rest;
}

/** The schedule with a part of its rule set, such as the time of a daily one. */
export function withPart(document, key, changes) {
  return { ...document, [key]: { ...document[key], ...changes } };
}

/** Which day of the month a rule means: {which: "day" | "last" | "business" | "lastBusiness", number}. @param {any} monthly */
export function monthDay({ day, nthBusinessDay }) {
  if (nthBusinessDay !== undefined) return nthBusinessDay < 0 ? { which: "lastBusiness", number: -nthBusinessDay } : { which: "business", number: nthBusinessDay };
  return day === -1 ? { which: "last", number: 1 } : { which: "day", number: day };
}

/** The schedule with another day of the month; the time of day stays. */
export function withMonthDay(document, which, number) {
  const { day: _day, nthBusinessDay: _nth, ...rest } = document.monthly;
  const found = { day: { day: number }, last: { day: -1 }, business: { nthBusinessDay: number }, lastBusiness: { nthBusinessDay: number === null ? null : -number } }[which];
  return { ...document, monthly: { ...found, ...rest } };
}

/** The schedule with other hours in which it may fire; without any it has none. */
export function withWindow(document, changes) {
  const kept = Object.entries({ ...document.window, ...changes }).filter(([, value]) => value !== "" && value !== null && value?.length !== 0);
  return withField(document, "window", kept.length ? Object.fromEntries(kept) : null);
}

/** A condition as {expression, url, rest}: it is an expression, or that with a question over HTTP. @param {any} document */
export function conditionOf({ condition }) {
  if (typeof condition !== "object" || condition === null) return { expression: condition ?? "", url: "", rest: {} };
  const { expression = "", probe = {}, ...rest } = condition;
  return { expression, url: probe.url ?? "", rest: { ...rest, probe } };
}

export function withCondition(document, changes) {
  const { expression, url, rest } = { ...conditionOf(document), ...changes };
  if (!url) return withField(document, "condition", expression);
  return { ...document, condition: { ...rest, expression, probe: { ...rest.probe, url } } };
}

/** A span as it is written: "90s", or a bare number of seconds as a number. */
export const span = (text) => (/^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text);

/** The names of the fields that only JSON shows. */
export const beyond = (document) => Object.keys(document ?? {}).filter((name) => !SHOWN.has(name));

/** What is wrong with a field, such as "monthly.at", by the errors of a refusal. Positions in lists do not count. */
export function errorOf(errors, name) {
  const found = (errors ?? []).find(({ loc }) => {
    const told = loc.filter((part) => typeof part !== "number").join(".");
    return told === name || told.endsWith(`.${name}`);
  });
  return found?.msg ?? null;
}

/** The offset of a zone at an instant, in ms. */
function offsetAt(ms, zone) {
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  }).formatToParts(new Date(ms)).map(({ type, value }) => [type, value]));
  return Date.UTC(+parts.year, +parts.month - 1, +parts.day, +parts.hour, +parts.minute, +parts.second) - Math.floor(ms / 1000) * 1000;
}

const known = (zone) => { try { new Intl.DateTimeFormat("en", { timeZone: zone || "UTC" }); return zone || "UTC"; } catch { return "UTC"; } };

/** An instant as the text of an input for a date and a time, in a zone. */
export function toInput(at, zone) {
  const ms = Date.parse(at ?? "");
  return Number.isNaN(ms) ? "" : new Date(ms + offsetAt(ms, known(zone))).toISOString().slice(0, ms % 60000 ? 19 : 16);
}

/** That text as an instant; null for none. A time that does not exist is taken as if the clock had not changed. */
export function fromInput(text, zone) {
  const wall = Date.parse(text ? `${text.length === 16 ? `${text}:00` : text}Z` : "");
  if (Number.isNaN(wall)) return null;
  const first = wall - offsetAt(wall, known(zone));
  return new Date(wall - offsetAt(first, known(zone))).toISOString().replace(".000Z", "Z");
}
