// The query box of the executions: `status:failed job:etl.* queue:reports since:24h words of the name`. Pure.

/** Each word before the colon: the parameter of the API, and what it means. */
export const WORDS = {
  status: { to: "state", says: "succeeded, failed, running, pending, retrying, scheduled, waiting, cancelled, expired, skipped; several with commas" },
  job: { to: "q", says: "a part of the job's name; * stands for anything" },
  queue: { to: "queue", says: "the queue" },
  type: { to: "type", says: "the job type, such as http or a function's name" },
  trigger: { to: "trigger", says: "schedule, manual, submission, replay, backfill" },
  worker: { to: "workerId", says: "the id of a worker" },
  schedule: { to: "scheduleId", says: "the id of a schedule" },
  since: { to: "since", says: "created then or later: 24h, 7d, or a time" },
  until: { to: "until", says: "created before: 1h, or a time" },
};
const SYNONYMS = { state: "status", name: "job" };

/**
 * What is asked: {query} for the API, {problems} about what is not understood. Without `since` the last 24 hours are meant.
 * @returns {{query: Record<string, string>, problems: string[], implied: boolean}}
 */
export function parseQuery(text) {
  /** @type {Record<string, string>} */
  const query = {};
  const problems = [];
  const free = [];
  for (const [word] of text.matchAll(/\w+:"[^"]*"|"[^"]*"|\S+/g)) {
    const [, name, value] = /^(\w+):(.*)$/.exec(word) ?? [];
    if (name === undefined) { free.push(word.replaceAll('"', "")); continue; }
    const known = WORDS[SYNONYMS[name.toLowerCase()] ?? name.toLowerCase()];
    const plain = (value ?? "").replaceAll('"', "");
    if (!known) problems.push(`“${name}:” is not known; there are ${Object.keys(WORDS).join(", ")}`);
    else if (!plain) problems.push(`“${name}:” needs a value`);
    else if (known.to === "q") free.push(plain.replaceAll("*", ""));
    else query[known.to] = plain;
  }
  if (free.length) query.q = free.join(" ");
  const implied = !query.since && !query.until;
  if (implied) query.since = "24h";
  return { query, problems, implied };
}

/** The text with one word set, or taken away by null. */
export function withWord(text, name, value) {
  const rest = text.replace(new RegExp(`(^|\\s)${name}:("[^"]*"|\\S+)`, "g"), " ").replace(/\s+/g, " ").trim();
  return value === null ? rest : `${rest ? `${rest} ` : ""}${name}:${value}`;
}
