// The place in the console is the fragment of the address: #/jobs/ID?tab=why. Every filter is in it.
import { signal } from "../vendor/signals.js";

/** @typedef {{path: string[], query: Record<string, string>}} Route */

/** @returns {Route} */
export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return {
    path: path.split("/").filter(Boolean).map(decodeURIComponent),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** The address of a place: href("/jobs", {q: "etl"}) is "#/jobs?q=etl". Empty values are left out. */
export function href(path, query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString();
  return `#${path.startsWith("/") ? path : `/${path}`}${text ? `?${text}` : ""}`;
}

export const route = signal(parse(globalThis.location?.hash ?? ""));

/** Go somewhere. With `replace`, the way back skips the place where we are. */
export function go(path, query = {}, { replace = false } = {}) {
  const target = href(path, query);
  if (target === location.hash) return;
  history[replace ? "replaceState" : "pushState"](null, "", target);
  route.value = parse(target);
}

/** Change some filters of this place; null takes one away. */
export function filter(changes, { replace = true } = {}) {
  const { path, query } = route.value;
  go(`/${path.map(encodeURIComponent).join("/")}`, { ...query, ...changes }, { replace });
}

globalThis.addEventListener?.("hashchange", () => { route.value = parse(location.hash); });
globalThis.addEventListener?.("popstate", () => { route.value = parse(location.hash); });
