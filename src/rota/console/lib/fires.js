// A fire as it is told: {at: instant, local: text with offset} taken apart. Pure.

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** The weekday of a date such as 2026-11-28. */
export const weekdayOf = (date) => WEEKDAYS[new Date(`${date}T12:00:00Z`).getUTCDay()];

/** {weekday, date, time, offset, utc}: seconds only where they are not zero; `utc` with its date where that is another one. */
export function fireOf({ at, local }) {
  const [, date, minutes, seconds, offset] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::(\d\d(?:\.\d+)?))?(Z|[+-]\d\d:\d\d(?::\d\d)?)?/.exec(local) ?? [null, local.slice(0, 10), "", "", ""];
  const short = (text) => (Number(text || 0) === 0 ? "" : `:${text.replace(/\.0+$/, "")}`);
  const moment = new Date(at);
  const instant = Number.isNaN(moment.getTime()) ? "" : moment.toISOString();
  return {
    weekday: weekdayOf(date), date, time: `${minutes}${short(seconds)}`, offset: !offset || offset === "Z" ? "+00:00" : offset,
    utc: `${instant.slice(0, 10) === date ? "" : `${instant.slice(5, 10)} `}${instant.slice(11, 16)}${short(instant.slice(17, 19))}`,
  };
}
