// The place in the console is the fragment of the address: #/jobs/ID?tab=why. Every filter is in it.
import { signal } from "../vendor/signals.js";

/** @typedef {{path: string[], query: Record<string, string>}} Route */

/** @returns {Route} */
export function parse(hash) {
  const place = hash.replace(/^#\/?/, "");
  const mark = place.indexOf("?");
  return {
    path: (mark < 0 ? place : place.slice(0, mark)).split("/").filter(Boolean).map(decoded),
    query: mark < 0 ? {} : Object.fromEntries(new URLSearchParams(place.slice(mark + 1))),
  };
}

/** A part of a path; one that somebody mistyped, such as 50%, as it is. */
function decoded(part) {
  try { return decodeURIComponent(part); } catch { return part; }
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
