// What is done with a log beside reading it: searching on the server, copying, saving.
import { get } from "../lib/api.js";
import { plain } from "../lib/ansi.js";
import { useEffect, useState } from "../lib/html.js";

const TYPING_MS = 300;
const HITS = 300;
const SAVED_PAGES = 20, SAVED_PAGE = 1000;

/** So many lines are saved at most. */
export const MOST_SAVED = SAVED_PAGES * SAVED_PAGE;

/** The newest lines that hold a text, asked of the server: {hits (null = no search), above, busy, more}. */
export function useSearch(id, text, complain) {
  const [found, setFound] = useState({ hits: null, above: null });
  const [busy, setBusy] = useState(false);
  const ask = async (query, before, abort) => {
    setBusy(true);
    try {
      const page = await get(`/api/executions/${id}/logs`, { search: text, ...query }, { signal: abort?.signal });
      setFound({ hits: [...page.items, ...before], above: page.previousCursor });
    } catch (problem) {
      if (problem.name === "AbortError") return;
      complain(problem);
    }
    setBusy(false);
  };
  useEffect(() => {
    setBusy(false);
    if (!text) { setFound({ hits: null, above: null }); return undefined; }
    const abort = new AbortController();
    const timer = setTimeout(() => ask({ tail: HITS }, [], abort), TYPING_MS);
    return () => { clearTimeout(timer); abort.abort(); };
  }, [id, text]);
  return { ...found, busy, more: () => ask({ before: found.above, limit: HITS }, found.hits, null) };
}

/** Lines as a text, without colours. */
export const asText = (lines) => lines.map((line) => plain(line.text)).join("\n");

/** Save the end of a log as a text with times. Resolves to how many lines that were. */
export async function save(id) {
  const parts = [];
  let many = 0;
  for (let page = 0, before = null; page === 0 || (before && page < SAVED_PAGES); page += 1) {
    const found = await get(`/api/executions/${id}/logs`, before ? { before, limit: SAVED_PAGE } : { tail: SAVED_PAGE });
    parts.unshift(found.items.map((line) => `${line.at} ${line.attempt ?? "-"} ${line.stream} ${plain(line.text)}\n`).join(""));
    many += found.items.length;
    before = found.previousCursor;
  }
  const place = URL.createObjectURL(new Blob(parts, { type: "text/plain;charset=utf-8" }));
  Object.assign(document.createElement("a"), { href: place, download: `${id}.log` }).click();
  setTimeout(() => URL.revokeObjectURL(place), 10000);
  return many;
}
