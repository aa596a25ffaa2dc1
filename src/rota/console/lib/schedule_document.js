// The schedule object of the API and the fields of the editor. The object is the truth: what the editor does not know stays.

/** The rules, in the order in which the editor offers them. */
export const RULES = [
  ["cron", "Cron"], ["every", "Every so often"], ["daily", "Daily"], ["weekly", "Weekly"], ["monthly", "Monthly"],
  ["businessDay", "Business day of the month"], ["yearly", "Yearly"], ["once", "Once"], ["after", "After a delay"], ["rrule", "Recurrence rule"],
];
export const DAYS = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

const KEYS = ["cron", "every", "anchor", "daily", "weekly", "monthly", "yearly", "once", "after", "rrule"];
const NEW = {
  cron: { cron: "0 6 * * MON-FRI" }, every: { every: "15m" }, daily: { daily: { at: "06:00" } },
  weekly: { weekly: { on: ["MON"], at: "06:00" } }, monthly: { monthly: { day: 1, at: "06:00" } },
  businessDay: { monthly: { nthBusinessDay: 1, at: "06:00" } }, yearly: { yearly: { month: 1, day: 1, at: "06:00" } },
  once: { once: "" }, after: { after: "10m" }, rrule: { rrule: "FREQ=WEEKLY;BYDAY=MO;BYHOUR=6;BYMINUTE=0;BYSECOND=0" },
};

/** Which rule a schedule has. */
export function ruleOf(document) {
  if (document?.monthly && "nthBusinessDay" in document.monthly) return "businessDay";
  return RULES.map(([key]) => key).find((key) => key in (document ?? {})) ?? "cron";
}

/** The schedule with another rule; everything else stays. A time of day that both rules know is kept. */
export function withRule(document, rule) {
  const rest = Object.fromEntries(Object.entries(document ?? {}).filter(([key]) => !KEYS.includes(key)));
  const made = structuredClone(NEW[rule]);
  const at = KEYS.map((key) => document?.[key]?.at).find(Boolean);
  const inner = Object.values(made)[0];
  if (at && typeof inner === "object" && "at" in inner) inner.at = at;
  return { ...rest, ...made };
}

/** The schedule with a field set; null, "" and [] take it away. */
export function withField(document, name, value) {
  const { [name]: _old, ...rest } = document ?? {};
  const gone = value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
  return gone ? rest : { ...rest, [name]: value };
}

/** The schedule with a part of its rule set, such as the time of a daily one. */
export function withPart(document, key, changes) {
  return { ...document, [key]: { ...document[key], ...changes } };
}
