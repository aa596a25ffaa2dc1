// What an entry of the audit says: what became of which field, and what else belongs to it. Pure.

const CHANGING = new Set(["set", "pause", "resume"]);
const isPair = (value) => Array.isArray(value) && value.length === 2;
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const LEAST_INSTANT = 1e14;
const SAID = new Set(["reason", "note"]);
const PLACES = { jobId: "/jobs/", scheduleId: "/schedules/", executionId: "/executions/", as: "/executions/" };
const SUBJECTS = { job: "/jobs/", schedule: "/schedules/", execution: "/executions/", calendar: "/calendars/", queue: "/fleet", worker: "/fleet", key: "/keys" };

/**
 * {before, after, rest}: before and after hold the fields that changed, or are null where nothing is compared;
 * rest is what else the entry keeps.
 */
export function compared({ noun, action, detail }) {
  const { before, after, changed, ...rest } = detail;
  if (isObject(before) && isObject(after)) return { before, after, rest: { ...rest, ...(changed === undefined ? {} : { changed }) } };
  if (isObject(changed) && Object.values(changed).every(isPair)) return { ...halves(changed), rest };
  if (noun === "queue" && CHANGING.has(action) && Object.values(detail).every(isPair)) return { ...halves(detail), rest: {} };
  return { before: null, after: null, rest: detail };
}

function halves(pairs) {
  const entries = Object.entries(pairs);
  return { before: Object.fromEntries(entries.map(([name, [was]]) => [name, was])), after: Object.fromEntries(entries.map(([name, [, is]]) => [name, is])) };
}

/** Why, in the words of the one who did it. */
export function reasonOf({ detail }) {
  for (const name of SAID) {
    const value = isPair(detail[name]) ? detail[name][1] : detail[name];
    if (typeof value === "string" && value) return value;
  }
  return null;
}

/** What the subject is called, where the entry tells it. */
export const nameOf = ({ detail }) => detail.name ?? detail.definition?.name ?? null;

/** Where the subject is shown; null = nowhere. */
export function placeOf({ noun, subjectId, action }) {
  const place = SUBJECTS[noun];
  if (!place || !subjectId || action === "delete") return null;
  return place.endsWith("/") ? place + encodeURIComponent(subjectId) : place;
}

/** What else an entry points to: [[word, path], …]. */
export function pointsTo({ detail, noun }) {
  return Object.entries(PLACES).filter(([name]) => typeof detail[name] === "string" && name !== `${noun}Id`)
    .map(([name, place]) => [name === "as" ? "the new execution" : `the ${name.slice(0, -2)}`, place + encodeURIComponent(detail[name])]);
}

/** The entry's JSON as people read it: instants, which are stored as microseconds, are told as times. */
export const written = (rest) => JSON.stringify(rest, (name, value) => (typeof value === "number" && /At$/.test(name) && value > LEAST_INSTANT ? new Date(value / 1000).toISOString() : value), 2);

/** A word of the API as people write it: "addException" is "add exception". */
export const spaced = (word) => word.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
