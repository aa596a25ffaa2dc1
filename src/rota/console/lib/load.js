// The coming load as a heat map: hours as cells of days, days as cells of weeks, in the clock of the reader. Pure.

const HOUR_MS = 3600000;
const LEVELS = 5;

/** at/to = the stretch of time; fires and busySeconds of it; counted = whether it was looked at. @typedef {{at: number, to: number, fires: number, busySeconds: number, counted: boolean}} Cell */

/** What tells the local date and hour of an instant. */
export function clockOf(zone) {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit" });
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(new Date(ms)).map(({ type, value }) => [type, value]));
    return { date: `${parts.year}-${parts.month}-${parts.day}`, hour: Number(parts.hour) };
  };
}

function joined(cell, more) {
  if (!cell) return { ...more };
  return { at: Math.min(cell.at, more.at), to: Math.max(cell.to, more.to), fires: cell.fires + more.fires, busySeconds: cell.busySeconds + more.busySeconds, counted: cell.counted || more.counted };
}

/**
 * The days of /api/views/load: [{date, total: Cell, hours: (Cell|null)[24], off: [{calendar, name}]}]. Clock hours that
 * come twice are one cell.
 */
export function daysOf({ from, to, stoppedAt, hours, daysOff }, zone) {
  const clock = clockOf(zone);
  const known = new Map(hours.map((one) => [Date.parse(one.at), one]));
  const end = Date.parse(stoppedAt ?? to);
  const days = new Map();
  for (let at = Math.floor(Date.parse(from) / HOUR_MS) * HOUR_MS; at < Date.parse(to); at += HOUR_MS) {
    const { date, hour } = clock(at);
    const day = days.get(date) ?? { date, total: null, hours: Array(24).fill(null), off: daysOff.filter((one) => one.date === date) };
    const { fires = 0, busySeconds = 0 } = known.get(at) ?? {};
    const cell = { at, to: at + HOUR_MS, fires, busySeconds, counted: at < end };
    day.hours[hour] = joined(day.hours[hour], cell);
    day.total = joined(day.total, cell);
    days.set(date, day);
  }
  return [...days.values()];
}

/** Days as weeks from Monday; null stands for days outside. */
export function weeksOf(days) {
  if (days.length === 0) return [];
  const lead = (new Date(`${days[0].date}T12:00:00Z`).getUTCDay() + 6) % 7;
  const cells = [...Array(lead).fill(null), ...days];
  while (cells.length % 7) cells.push(null);
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7));
}

/** How much of a cell counts: its fires, or how busy it keeps the slots (1 = all of them, all the time). */
export function valueOf(cell, measure, slots) {
  if (measure !== "busy") return cell.fires;
  return slots ? cell.busySeconds / ((cell.to - cell.at) / 1000) / slots : 0;
}

/** 0 for nothing, else 1 to 5. By the root, so that small loads differ, too. */
export const levelOf = (value, most) => (value <= 0 ? 0 : Math.min(LEVELS, Math.max(1, Math.ceil(LEVELS * Math.sqrt(value / (most || 1))))));

/** The values at which a level begins. */
export const stepsOf = (most) => Array.from({ length: LEVELS }, (_, index) => ((index / LEVELS) ** 2) * most);

/** 1234 is "1.2k": for cells that are narrow. */
export function brief(value) {
  if (value < 1000) return String(value);
  if (value < 999500) return `${value < 9950 ? (value / 1000).toFixed(1).replace(/\.0$/, "") : Math.round(value / 1000)}k`;
  return `${(value / 1e6).toFixed(1).replace(/\.0$/, "")}M`;
}

/** A part of what is possible: 0.004 is "<1%". */
export const briefPart = (part) => (part > 0 && part < 0.01 ? "<1%" : `${Math.round(part * 100)}%`);
