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

/** The changes of a difference as one list, in the order in which they are met: {kind, at, to?}. */
export function changesOf({ removed, moved, added }) {
  const all = [
    ...removed.map((at) => ({ kind: "removed", at, to: null })), ...added.map((at) => ({ kind: "added", at, to: null })),
    ...moved.map(({ from, to }) => ({ kind: "moved", at: from, to })),
  ];
  const first = ({ at, to }) => Math.min(Date.parse(at), to ? Date.parse(to) : Infinity);
  return all.sort((a, b) => first(a) - first(b));
}
