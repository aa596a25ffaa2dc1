// How figures and times are told. Pure: no page, no clock but the one that is given.

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

/** 0.042 is "42 ms", 3.21 "3.2 s", 75 "1 min 15 s", 7300 "2 h 1 min". */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds < 9.95 ? seconds.toFixed(1).replace(/\.0$/, "") : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  /** @type {[number, string][]} */
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = units.findIndex(([size]) => whole >= size);
  const [size, name] = units[first];
  const rest = Math.floor((whole % size) / units[Math.min(first + 1, 3)][0]);
  return `${Math.floor(whole / size)} ${name}${rest ? ` ${rest} ${units[first + 1][1]}` : ""}`;
}

/** "3 min ago", "in 2 h", "now". */
export function relative(at, now) {
  const away = new Date(at).getTime() - now;
  const size = Math.abs(away);
  if (size < 1.5 * SECOND) return "now";
  /** @type {[number, string][]} */
  const units = [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"], [SECOND, "s"]];
  const [unit, name] = units.find(([length]) => size >= length) ?? units[3];
  const text = `${Math.floor(size / unit)} ${name}`;
  return away > 0 ? `in ${text}` : `${text} ago`;
}

/** "2026-11-28 14:05:09" in a zone (IANA name, or undefined for the browser's). */
export function absolute(at, zone, { seconds = true, weekday = false } = {}) {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", weekday: "short",
      hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
    }).formatToParts(new Date(at)).map(({ type, value }) => [type, value]),
  );
  const day = `${parts.year}-${parts.month}-${parts.day}`;
  const time = `${parts.hour}:${parts.minute}${seconds ? `:${parts.second}` : ""}`;
  return `${weekday ? `${parts.weekday} ` : ""}${day} ${time}`;
}

/** The zone's short name at that time, such as "CET" or "UTC". */
export function zoneName(at, zone) {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "short" }).formatToParts(new Date(at));
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** 1234567 is "1,234,567". */
export const number = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en-US"));

/** 0.9934 is "99.3 %". */
export const percent = (part) =>
  part === null || part === undefined ? "–" : `${(part * 100).toFixed(part > 0.999 && part < 1 ? 2 : 1).replace(/\.0$/, "")} %`;

export function bytes(size) {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  while (size >= 1000 && unit < 3) { size /= 1000; unit += 1; }
  return `${size < 10 && unit ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** count(3, "job") is "3 jobs". */
export const count = (many, word, plural = `${word}s`) => `${number(many)} ${many === 1 ? word : plural}`;

/** The end of an id, enough to tell one from another. */
export const shortId = (id) => (id ? id.slice(-12) : "");

/** A local time with offset, as previews tell it ("2026-11-28T06:00:00+01:00"), without the T. */
export const local = (text) => (text ? text.slice(0, 19).replace("T", " ") : "–");

const SPOKEN = /(?<at>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))|(?<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})/g;

/** A sentence with its instants and ids apart: ["next at ", {at: "2026-11-28T06:00:00+01:00"}]. */
export function partsOf(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(SPOKEN)) {
    parts.push(text.slice(from, match.index), match.groups.at ? { at: match[0] } : { id: match[0] });
    from = match.index + match[0].length;
  }
  return [...parts, text.slice(from)].filter((part) => part !== "");
}
