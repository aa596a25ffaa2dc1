// A cron expression in words, where few words do; else null, and the fire times beside it say what it means. Pure.

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS = ["", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const MACROS = { "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *" };
const MOST = 6;

const two = (number) => String(number).padStart(2, "0");
const and = (words) => (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);

/** A number, or a name such as MON, by its first three letters. */
function valueOf(text, names) {
  if (/^\d+$/.test(text)) return Number(text);
  const found = names?.findIndex((name) => name && name.slice(0, 3).toUpperCase() === text.toUpperCase());
  return found === undefined || found < 0 ? null : found;
}

/** A field as {every: n} for a wildcard or step, or {values, range} for what it lists; null for anything else. */
function read(text, names) {
  if (text === "*" || text === "?") return { every: 1 };
  const step = /^(?:\*|0)\/(\d+)$/.exec(text);
  if (step) return { every: Number(step[1]) };
  const range = /^(\w+)-(\w+)$/.exec(text);
  if (range) {
    const [from, to] = [valueOf(range[1], names), valueOf(range[2], names)];
    return from === null || to === null || from >= to ? null : { range: [from, to] };
  }
  const values = text.split(",").map((part) => valueOf(part, names));
  return values.includes(null) || values.length > MOST ? null : { values: values.sort((a, b) => a - b) };
}

function timeWords(minute, hour) {
  if (60 % (minute.every ?? 1) || 24 % (hour.every ?? 1)) return null;  // uneven: it begins anew each hour or day
  if (minute.every) {
    const often = minute.every === 1 ? "every minute" : `every ${minute.every} minutes`;
    if (hour.every === 1) return often;
    if (hour.range) return `${often} from ${two(hour.range[0])}:00 to ${two(hour.range[1])}:59`;
    return hour.values?.length === 1 ? `${often} from ${two(hour.values[0])}:00 to ${two(hour.values[0])}:59` : null;
  }
  if (!minute.values) return null;
  const past = minute.values.map((one) => `:${two(one)}`);
  if (hour.every) return `${hour.every === 1 ? "every hour" : `every ${hour.every} hours`} at ${and(past)}`;
  if (hour.range) return `every hour from ${two(hour.range[0])} to ${two(hour.range[1])} at ${and(past)}`;
  const times = hour.values.flatMap((one) => minute.values.map((rest) => `${two(one)}:${two(rest)}`));
  return times.length > MOST ? null : `at ${and(times)}`;
}

function dayWords(day, weekday) {
  const words = [];
  if (day === "L") words.push("on the last day of the month");
  else if (day.values) words.push(`on day ${and(day.values.map(String))} of the month`);
  else if (day.range) words.push(`from day ${day.range[0]} to ${day.range[1]} of the month`);
  else if (day.every !== 1) return null;
  if (weekday.range) words.push(`${WEEKDAYS[weekday.range[0]]} to ${WEEKDAYS[weekday.range[1]]}`);
  else if (weekday.values) words.push(`on ${and(weekday.values.map((one) => WEEKDAYS[one]))}`);
  else if (weekday.every !== 1) return null;
  return words.length === 2 ? `${words[0]}, and also ${words[1]}` : words[0] ?? "";
}

/** "0 6 * * MON-FRI" is "Monday to Friday at 06:00". */
export function cronWords(expression) {
  const written = expression?.trim() ?? "";
  const parts = (MACROS[written.toLowerCase()] ?? written).split(/\s+/);
  if (parts.length !== 5) return null;
  const [minute, hour] = [read(parts[0]), read(parts[1])];
  const day = parts[2].toUpperCase() === "L" ? "L" : read(parts[2]);
  const [month, weekday] = [read(parts[3], MONTHS), read(parts[4], WEEKDAYS)];
  if (!minute || !hour || !day || !month || !weekday || (month.every ?? 1) !== 1) return null;
  if ([month.values, month.range].flat().some((one) => one > 12) || [weekday.values, weekday.range].flat().some((one) => one > 7)) return null;
  const [time, days] = [timeWords(minute, hour), dayWords(day, weekday)];
  if (time === null || days === null) return null;
  const months = month.values ? `in ${and(month.values.map((one) => MONTHS[one]))}` : month.range ? `from ${MONTHS[month.range[0]]} to ${MONTHS[month.range[1]]}` : "";
  const daily = days || !time.startsWith("at") ? days : "every day";
  return [daily, months, time].filter(Boolean).join(" ");
}

/** A schedule as the server describes it, with its cron expression in words where there are some. */
export function inWords(describe) {
  const [, expression, rest] = /^cron (.+?)(, .*)?$/.exec(describe ?? "") ?? [];
  const words = expression && cronWords(expression);
  return words ? `${words}${rest ?? ""}` : describe;
}
