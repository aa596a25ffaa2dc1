// A job definition as the texts of a form, and what was changed in them as the request that changes it. Pure.
import { notObject, read, write } from "./exact.js";

/** The fields of a definition: all that a PUT of a whole one must hold, for what it lacks is reset. */
const DEFINITION = [
  "name", "description", "category", "tags", "jobType", "parameters", "parametersSchema", "queue", "priority", "timeoutSeconds", "retryCount", "retryStrategy",
  "baseDelaySeconds", "maxDelaySeconds", "permanentStatuses", "maxConcurrentExecutions", "concurrencyKey", "maxConcurrentPerKey", "rateLimit", "allowedEnvironments", "executionMode",
  "isolation", "onLost", "ownerName", "ownerEmail", "teamName", "escalationContact",
];
const JSON_FIELDS = new Set(["parameters", "parametersSchema"]);
const DURATIONS = new Set(["timeoutSeconds", "baseDelaySeconds", "maxDelaySeconds"]);
const WHOLE = new Set(["priority", "retryCount", "maxConcurrentExecutions", "maxConcurrentPerKey"]);
const LISTS = new Set(["tags", "allowedEnvironments"]);
const EMPTY = { parameters: {}, queue: "default", priority: 0, timeoutSeconds: 300, retryCount: 3 };

export const definitionOf = (job) => Object.fromEntries(DEFINITION.filter((name) => name in job).map((name) => [name, job[name]]));

/** Seconds as they are written: 300 is "5m", 90 "90s". */
export function spanOf(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const unit = [["d", 86400], ["h", 3600], ["m", 60]].find(([, size]) => seconds >= Number(size) && seconds % Number(size) === 0);
  return unit ? `${seconds / Number(unit[1])}${unit[0]}` : `${seconds}s`;
}

function textOf(name, value) {
  if (value === null || value === undefined) return "";
  if (JSON_FIELDS.has(name)) return write(value, 2);
  if (DURATIONS.has(name)) return typeof value === "number" ? spanOf(value) : value;
  return LISTS.has(name) ? value.join(", ") : String(value);
}

/** Every field as text. @param {any} [job] null = a new one */
export const textsOf = (job = null) => Object.fromEntries(DEFINITION.map((name) => [name, textOf(name, job ? job[name] : EMPTY[name])]));

/** A text as the value of its field: {value} or {wrong}. "" is null, or what a new job has there. */
export function valueOf(name, text) {
  const trimmed = text.trim();
  if (JSON_FIELDS.has(name)) {
    if (trimmed === "") return { value: name === "parameters" ? {} : null };
    const wrong = notObject(text);
    return wrong ? { wrong } : { value: read(text) };
  }
  if (LISTS.has(name)) return { value: trimmed.split(",").map((one) => one.trim()).filter(Boolean) };
  if (trimmed === "") return { value: EMPTY[name] ?? null };
  if (WHOLE.has(name)) return /^[+-]?\d+$/.test(trimmed) ? { value: Number(trimmed) } : { wrong: "a whole number is wanted" };
  if (DURATIONS.has(name) && /^\d+(\.\d+)?$/.test(trimmed)) return { value: Number(trimmed) };
  return { value: trimmed };
}

/** What the texts say that `before` did not: {changes, wrong by field}. */
export function changesOf(before, texts) {
  const changes = {}, wrong = {};
  for (const name of Object.keys(texts).filter((one) => texts[one] !== before[one])) {
    const found = valueOf(name, texts[name]);
    if (found.wrong) wrong[name] = found.wrong;
    else changes[name] = found.value;
  }
  return { changes, wrong };
}

/** What a new job is asked for with: all that somebody wrote. */
export function creationOf(texts) {
  const all = Object.fromEntries(Object.keys(texts).map((name) => [name, valueOf(name, texts[name])]));
  const wrong = Object.fromEntries(Object.entries(all).filter(([, one]) => one.wrong).map(([name, one]) => [name, one.wrong]));
  const body = Object.fromEntries(Object.entries(all).filter(([name, { value }]) => value !== undefined && value !== null && !(LISTS.has(name) && value.length === 0)).map(([name, { value }]) => [name, value]));
  return { body, wrong };
}

/** Whether a schedule came with the definition: one that a whole definition must name, or it goes. */
const belongs = ({ key }) => key === "default" || /^default-\d+$/.test(key ?? "");

/** Whether a change is one that a PUT takes only with the whole definition, and so with its schedules. */
export const needsAll = (job, changes) => ["name", "jobType"].some((name) => name in changes && changes[name] !== job[name]);

/**
 * The body of the PUT that makes these changes and no other: the fields alone, or everything with the schedules where
 * the name or the type is another. @param {any} job @param {any} changes @param {{key: string|null, document: any}[]} schedules
 */
export function bodyOf(job, changes, schedules) {
  const { name: _name, jobType: _type, ...others } = changes;
  if (!needsAll(job, changes)) return others;
  const own = schedules.filter(belongs).map(({ key, document }) => ({ ...document, key }));
  return { ...definitionOf(job), ...changes, ...(own.length ? { schedules: own } : {}) };
}
