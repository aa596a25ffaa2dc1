// The public REST API, as a program would use it. Paths are relative to the page, so any sub-path works.
import { signal } from "../vendor/signals.js";
import { read, write } from "./exact.js";

/** The address of the application: everything of Rota stands below it. */
export const base = new URL(".", document.baseURI).href;

/** Who is signed in; null = nobody, undefined = not asked yet. */
export const session = signal(undefined);

/** A refusal of the server (RFC 9457), or the lack of an answer (status 0). */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || `the server answered ${status}`);
    this.status = status;
    this.title = document.title || "";
    this.type = document.type || "";
    /** @type {{loc: (string|number)[], msg: string}[]} */
    this.errors = document.errors || [];
  }

  /** What is wrong with a field, by the last names of its location such as "schedule.cron". */
  of(name) {
    const found = this.errors.find((one) => one.loc.join(".") === name || one.loc.join(".").endsWith(`.${name}`));
    return found && found.msg;
  }
}

/** The address of a path of the API with its query; null and "" are left out. */
export function address(path, query = {}) {
  const url = new URL(path.replace(/^\//, ""), base);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  return url.href;
}

/**
 * Ask, and get the JSON of the answer. Throws a Problem. `text` is sent as it is, with the type that `headers` give;
 * `exact` = big integers of the answer as BigInt rather than text.
 * @param {string} method
 * @param {string} path
 * @param {{query?: Record<string, unknown>, body?: unknown, text?: string, headers?: Record<string, string>, signal?: AbortSignal, exact?: boolean}} [options]
 * @returns {Promise<any>}
 */
export async function request(method, path, { query, body, text: plain, headers, signal: abort, exact = false } = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(address(path, query), {
      method, headers: sent, signal: abort, credentials: "same-origin", cache: "no-store",
      body: body === undefined ? plain : write(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { title: "No answer", detail: "the server does not answer" });
  }
  const text = await answer.text();
  let value = null;
  try {
    value = text ? (exact ? read : parse)(text) : null;
  } catch {
    value = { detail: text.slice(0, 200) };
  }
  if (!answer.ok) {
    if (answer.status === 401 && path !== "/session") session.value = null;
    throw new Problem(answer.status, value || {});
  }
  return value;
}

/** JSON whose integers beyond 2^53 stay as they were written, as text. */
function parse(text) {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const exact = (_name, value, context) =>
    typeof value === "number" && context && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? context.source : value;
  return JSON.parse(text, exact);
}

export const get = (path, query, options) => request("GET", path, { query, ...options });
/** As get, with big integers as BigInt: for what is sent back. */
export const exactly = (path, query) => request("GET", path, { query, exact: true });
export const post = (path, body = {}, options) => request("POST", path, { body, ...options });
export const put = (path, body, options) => request("PUT", path, { body, ...options });
export const remove = (path, options) => request("DELETE", path, options);

/** Whether the one who is signed in holds a right: read, operate, edit, admin, audit. */
export const may = (right) => Boolean(session.value?.rights.includes(right));

/** Ask who is signed in. */
export async function whoAmI() {
  try {
    session.value = await get("/session");
  } catch (problem) {
    if (problem.status === 401) session.value = null;
    else throw problem;
  }
}

/** Sign in with {token} or {code}. */
export async function signIn(credentials) {
  session.value = await post("/session", credentials);
}

export async function signOut() {
  await remove("/session");
  session.value = null;
}
