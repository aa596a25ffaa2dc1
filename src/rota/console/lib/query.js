// The query box of the executions: `status:failed job:etl.* queue:reports since:24h words of the name`. Pure.

const STATES = ["succeeded", "failed", "running", "pending", "retrying", "scheduled", "waiting", "cancelling", "cancelled", "skipped", "expired"];
const TRIGGERS = ["schedule", "manual", "submission", "replay", "backfill"];
const AGES = ["1h", "24h", "7d", "30d"];
const AGE = /^(\d+(\.\d+)?(ms|s|m|h|d))+$|^P(?=.)/;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Each word before the colon: the parameter of the API, what it means, and what may stand behind it (`one` = no list).
 * @type {Record<string, {to: string, says: string, values?: string[], also?: string[], one?: boolean, time?: boolean}>}
 */
export const WORDS = {
  status: { to: "state", says: `${STATES.join(", ")}; several with commas`, values: STATES, also: ["completed", "success", "queued"] },
  job: { to: "q", says: "a part of the job's name, as in etl.*; or its id" },
  queue: { to: "queue", says: "the queue" },
  type: { to: "type", says: "the job type, such as http or a function's name" },
  trigger: { to: "trigger", says: `what made it: ${TRIGGERS.join(", ")}`, values: TRIGGERS, one: true },
  worker: { to: "workerId", says: "the id of the worker" },
  schedule: { to: "scheduleId", says: "the id of the schedule" },
  since: { to: "since", says: "created then or later: 24h, 7d, or a time such as 2026-11-21T06:00Z", values: AGES, time: true },
  until: { to: "until", says: "created before: 1h ago, or a time", values: AGES, time: true },
};
const SYNONYMS = { state: "status", name: "job", by: "trigger" };

const wordOf = (name) => SYNONYMS[name.toLowerCase()] ?? name.toLowerCase();

/** A time as the API reads it: an age stays, a day or a time without a zone is that of UTC. Null = neither. */
function momentOf(text) {
  if (AGE.test(text)) return text;
  const [, day, time, zone] = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/i.exec(text) ?? [];
  if (!day || Number.isNaN(Date.parse(`${day}T${time ?? "00:00"}Z`))) return null;
  return `${day}T${time ? (time.length === 5 ? `${time}:00` : time) : "00:00:00"}${zone?.toUpperCase() ?? "Z"}`;
}

/** What is wrong with a value; null = nothing. */
function wrong(name, value) {
  const { values, also = [], one, time } = WORDS[name];
  if (!value) return `“${name}:” needs a value`;
  if (time) return momentOf(value) ? null : `“${name}:${value}” is no time: write an age such as 24h or 7d, or 2026-11-21T06:00Z`;
  if (!values) return null;
  const odd = (one ? [value] : value.split(",")).find((part) => ![...values, ...also].includes(part.trim().toLowerCase()));
  return odd === undefined ? null : `“${name}:${odd}” is not known; there are ${values.join(", ")}`;
}

/** What is looked for in the name: a star may stand around it. */
const named = (text) => text.replace(/^\*+|\*+$/g, "");

/**
 * What is asked: {query} for the API, {problems} about what is not understood. Without `since` the last 24 hours are meant.
 * @returns {{query: Record<string, string>, problems: string[], implied: boolean}}
 */
export function parseQuery(text) {
  /** @type {Record<string, string>} */
  const query = {};
  const problems = [], free = [], seen = new Set();
  for (const [word] of text.matchAll(/\w+:"[^"]*"|"[^"]*"|\S+/g)) {
    const [, before, after] = /^([A-Za-z]+):(.*)$/.exec(word) ?? [];
    const name = before === undefined ? "job" : wordOf(before);
    const value = (after ?? word).replaceAll('"', "");
    if (!Object.hasOwn(WORDS, name)) { problems.push(`“${before}:” is not known; there are ${Object.keys(WORDS).join(", ")}`); continue; }
    const odd = wrong(name, value);
    if (odd) { problems.push(odd); continue; }
    if (before !== undefined && seen.has(name)) problems.push(`“${name}:” stands twice${name === "status" ? ": put commas between several" : ""}`);
    if (before !== undefined) seen.add(name);
    if (name !== "job") query[WORDS[name].to] = WORDS[name].time ? momentOf(value) : WORDS[name].values ? value.toLowerCase() : value;
    else if (before !== undefined && ID.test(value)) query.jobId = value.toLowerCase();
    else if (named(value)) free.push(named(value));
  }
  if (free.some((part) => part.includes("*"))) problems.push("a * may stand only at the beginning or the end of a name");
  if (seen.has("job") && free.length > (query.jobId ? 0 : 1)) problems.push("a job is looked for once: by “job:” or by words without a colon");
  if (free.length) query.q = free.join(" ");
  const implied = !query.since && !query.until;
  if (implied) query.since = "24h";
  return { query, problems, implied };
}

/** The text with one word set, or taken away by null. Its synonyms go, too. */
export function withWord(text, name, value) {
  const names = [name, ...Object.keys(SYNONYMS).filter((other) => SYNONYMS[other] === name)].join("|");
  const rest = text.replace(new RegExp(`(^|\\s)(?:${names}):("[^"]*"|\\S*)`, "gi"), " ").replace(/\s+/g, " ").trim();
  return value === null ? rest : `${rest ? `${rest} ` : ""}${name}:${value}`;
}

/**
 * What may stand where somebody types: the part `from`–`to` of the text would become `text`. `known` = values by word,
 * such as the queues that are in sight.
 * @param {string} text @param {number} caret @param {Record<string, string[]>} [known]
 * @returns {{from: number, to: number, items: {text: string, says: string}[]}}
 */
export function suggestions(text, caret, known = {}) {
  const from = text.slice(0, caret).search(/\S*$/);
  const to = caret + text.slice(caret).search(/\s|$/);
  const typed = text.slice(from, caret);
  const [, before, after] = /^([A-Za-z]+):(.*)$/.exec(typed) ?? [];
  if (before === undefined) {
    const begun = typed.toLowerCase();
    return { from, to, items: Object.keys(WORDS).filter((name) => name.startsWith(begun)).map((name) => ({ text: `${name}:`, says: WORDS[name].says })) };
  }
  const name = wordOf(before);
  if (!Object.hasOwn(WORDS, name)) return { from, to, items: [] };
  const kept = WORDS[name].values && !WORDS[name].one && !WORDS[name].time ? after.slice(0, after.lastIndexOf(",") + 1) : "";
  const part = after.slice(kept.length).toLowerCase();
  const values = [...new Set([...(WORDS[name].values ?? []), ...(known[name] ?? [])])].filter((value) => value.toLowerCase().startsWith(part) && value.toLowerCase() !== part && !kept.split(",").includes(value));
  const quoted = (value) => (/\s/.test(value) ? `"${value}"` : value);
  return { from, to, items: values.slice(0, 12).map((value) => ({ text: `${name}:${kept}${quoted(value)}`, says: WORDS[name].time ? `${value} ago` : "" })) };
}
