// A view of the server: asked once, and again when something happens that it shows.
import { get } from "./api.js";
import { useEffect, useMemo, useRef, useState } from "./html.js";
import { paused } from "./settings.js";
import { listen } from "./stream.js";

const AT_MOST_EVERY_MS = 1500;
const SETTLE_MS = 250;

/**
 * {data, problem, loading, stale, again}: `path` null = nothing to ask. `on` is a pattern of the kinds of events that
 * change the view (null = none); `about` says which of them do; `every` asks again after so many ms whatever happens.
 * A hidden tab and a paused console ask nothing: `stale` counts what came meanwhile.
 * @param {string|null} path
 * @param {Record<string, unknown>} [query]
 * @param {{on?: RegExp|null, about?: (event: any) => boolean, every?: number|null, frozen?: boolean}} [options]
 */
export function useView(path, query = {}, { on = null, about = () => true, every = null, frozen = false } = {}) {
  const [state, setState] = useState({ data: null, problem: null, loading: true, of: "" });
  const [stale, setStale] = useState(0);
  const asked = JSON.stringify([path, query]);
  const run = useRef({ last: 0, timer: 0, abort: null, dirty: false, soon: () => {}, about, frozen });
  run.current.about = about;
  run.current.frozen = frozen;

  const ask = useMemo(() => async (anew = true) => {
    if (path === null) return;
    const own = run.current;
    clearTimeout(own.timer);
    own.timer = 0;
    if (own.abort && !anew) { own.dirty = true; return; }  // a slow answer is waited for: events must not starve it
    own.abort?.abort();
    const abort = (own.abort = new AbortController());
    own.dirty = false;
    try {
      const data = await get(path, query, { signal: abort.signal });
      setState({ data, problem: null, loading: false, of: asked });
      setStale(0);
    } catch (problem) {
      if (problem.name !== "AbortError") setState((old) => ({ ...old, problem, loading: false, data: old.of === asked ? old.data : null }));
    }
    if (own.abort !== abort) return;
    own.abort = null;
    own.last = Date.now();
    if (own.dirty) own.soon();
  }, [asked]);

  useEffect(() => {
    setState((old) => ({ ...old, loading: true }));
    ask();
    const own = run.current;
    const soon = () => {
      if (own.timer) return;
      own.timer = setTimeout(() => ask(false), Math.max(SETTLE_MS, own.last + AT_MOST_EVERY_MS - Date.now()));
    };
    own.soon = soon;
    let held = 0;
    const wanted = () => {
      if (document.hidden || paused.value || own.frozen) { held += 1; setStale((many) => many + 1); return; }
      soon();
    };
    const silence = listen((event) => {
      if (event.kind === "console.resumed" || (on && on.test(event.kind) && own.about(event))) wanted();
    });
    const shown = () => { if (!document.hidden && held && !paused.value && !own.frozen) { held = 0; soon(); } };
    document.addEventListener("visibilitychange", shown);
    const resume = paused.subscribe((is) => { if (!is) shown(); });
    const clockwork = every && setInterval(() => { if (!document.hidden && !paused.value && !own.frozen) ask(false); }, every);
    return () => {
      silence(); resume(); clearTimeout(own.timer); own.timer = 0; own.abort?.abort(); own.abort = null; own.soon = () => {};
      document.removeEventListener("visibilitychange", shown);
      if (clockwork) clearInterval(clockwork);
    };
  }, [ask]);

  return { ...state, stale, again: ask };
}
