// A year of a calendar, day by day: worked or not and why, and which business day of its month it is. Pure.

export const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAY_MS = 86400000;

/**
 * date; number = day of the month; weekday = 0 for Monday; nth / last = business day from the start and from the end
 * (1…, -1…), null on a day off; mark = what stands out: "", "weekend", "holiday", "rule", "off" and "worked" (overrides), "workedWeekend".
 * @typedef {{date: string, number: number, weekday: number, working: boolean, reasons: any[], mark: string, nth: number|null, last: number|null}} Day
 */

/** Why a day looks as it does: the last word is an override's. */
export function markOf(working, reasons) {
  const kinds = new Set(reasons.filter(({ overridden }) => !overridden).map(({ kind }) => kind));
  if (kinds.has("override")) return working ? "worked" : "off";
  if (working) return kinds.has("workedWeekend") ? "workedWeekend" : "";
  return kinds.has("holiday") ? "holiday" : kinds.has("rule") ? "rule" : "weekend";
}

/** The twelve months of /api/views/calendars/{name}: {number, days, working}. */
export function monthsOf({ year, working, days }) {
  const told = new Map(days.map((day) => [day.date, day]));
  const months = Array.from({ length: 12 }, (_, index) => ({ number: index + 1, days: /** @type {Day[]} */ ([]), working: 0 }));
  for (let index = 0; index < working.length; index += 1) {
    const moment = new Date(Date.UTC(year, 0, 1) + index * DAY_MS);
    const date = moment.toISOString().slice(0, 10);
    const worked = working[index] === "1";
    const month = months[moment.getUTCMonth()];
    if (worked) month.working += 1;
    const reasons = told.get(date)?.reasons ?? [];
    month.days.push({ date, number: moment.getUTCDate(), weekday: (moment.getUTCDay() + 6) % 7, working: worked, reasons, mark: markOf(worked, reasons), nth: worked ? month.working : null, last: null });
  }
  for (const month of months) for (const day of month.days) if (day.working) day.last = day.nth - month.working - 1;
  return months;
}

/** The day of a date, or undefined. @returns {Day|undefined} */
export const dayIn = (months, date) => months[Number(date?.slice(5, 7)) - 1]?.days.find((day) => day.date === date);

/** A date so many days away. */
export const shifted = (date, days) => new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

/** A month as weeks from Monday to Sunday; null stands for days of other months. */
export function weeksOf(days) {
  const cells = [...Array(days[0].weekday).fill(null), ...days];
  while (cells.length % 7) cells.push(null);
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7));
}

function ordinal(number) {
  const ends = { one: "st", two: "nd", few: "rd", other: "th" };
  return `${number}${ends[new Intl.PluralRules("en", { type: "ordinal" }).select(number)]}`;
}

/** "the 3rd business day of the month, the 19th from the end". */
export function nthWords({ nth, last }) {
  if (nth === null) return "no business day";
  return `${ordinal(nth)} business day of the month, ${last === -1 ? "the last" : `${ordinal(-last)} from the end`}`;
}

export const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** A source of days off in words. */
export const sourceWords = ({ country, market, subdivision }) => (market ? `market ${market}` : `public holidays of ${country}${subdivision ? `, ${subdivision}` : ""}`);

/** When a rule of a calendar has its day off, in words. */
export function ruleWords(rule) {
  if (rule.date) return rule.date;
  if (rule.yearly) return `every ${rule.yearly.day} ${MONTHS[rule.yearly.month - 1]}`;
  if (rule.easter !== undefined) return easterWords(rule.easter);
  if (rule.nthWeekday) {
    const { nth, weekday, month } = rule.nthWeekday;
    const which = nth === -1 ? "last" : nth < 0 ? `${ordinal(-nth)} last` : ordinal(nth);
    return `the ${which} ${WEEKDAYS.find((day) => day.toUpperCase() === weekday) ?? weekday} of ${MONTHS[month - 1]}`;
  }
  return JSON.stringify(rule);
}

const easterWords = (days) => (days === 0 ? "Easter Sunday" : `${Math.abs(days)} day${Math.abs(days) === 1 ? "" : "s"} ${days < 0 ? "before" : "after"} Easter Sunday`);
