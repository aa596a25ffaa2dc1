// Keeps a timeline up to date: the first page as things happen, the older ones once, in the background.
import { get } from "./api.js";
import { useEffect, useRef, useState } from "./html.js";
import { paused } from "./settings.js";
import { listen } from "./stream.js";
import { MOST_BARS, margined, nothing, windowOf, withPage } from "./timeline.js";

const FIRST = 400, NEXT = 2000;
const MOST_PAGES = 12;
const AT_MOST_EVERY_MS = 1500, SETTLE_MS = 300, ANYWAY_EVERY_MS = 15000;

/** One run of questions for a window: the first page, and the older ones until there are enough. */
async function follow(own, query, { more, told, signal }) {
  const window = windowOf(query, Date.now());
  const wide = margined(window);
  const asked = { from: new Date(wide.from).toISOString(), to: new Date(wide.to).toISOString(), group: query.group, state: query.state, q: query.q };
  let page = await get("/api/views/timeline", { ...asked, limit: FIRST }, { signal });
  own.known = withPage(own.of === own.wanted ? own.known : nothing(), page, { first: true, window: wide });
  own.of = own.wanted;
  own.readAt = Date.now();
  const goOn = more || own.known.gap;
  if (goOn) own.cursor = page.nextCursor;
  told();
  for (let pages = 0; goOn && own.cursor && own.known.bars.size < MOST_BARS && pages < MOST_PAGES; pages += 1) {
    page = await get("/api/views/timeline", { ...asked, limit: NEXT, cursor: own.cursor }, { signal });
    own.known = withPage(own.known, page);
    own.cursor = page.nextCursor;
    told();
  }
}

/**
 * {known, problem, loading, filling, cut}: `filling` = older pages are on their way; `cut` = there are older bars
 * that are not shown. `query` = {from, to, range, group, state, q} as in the address.
 * @param {{from?: string, to?: string, range?: string, group: string, state?: string, q?: string}} query
 */
export function useTimeline(query) {
  const [state, setState] = useState({ known: nothing(), problem: null, loading: true, filling: false, cut: false });
  const run = useRef({ known: nothing(), of: "", wanted: "", cursor: null, readAt: 0, timer: 0, abort: null, busy: false, dirty: false, soon: () => {} });
  const own = run.current;
  const asked = JSON.stringify([query.from, query.to, query.range, query.group, query.state, query.q]);
  own.wanted = JSON.stringify([query.group, query.state, query.q]);

  const ask = async (more) => {
    if (own.abort && !more) { own.dirty = true; return; }  // a slow answer is waited for: events must not starve it
    own.abort?.abort();
    const abort = (own.abort = new AbortController());
    own.dirty = false;
    own.busy = more;
    const told = () => { if (!abort.signal.aborted) setState({ known: own.known, problem: null, loading: false, filling: own.busy && Boolean(own.cursor) && own.known.bars.size < MOST_BARS, cut: Boolean(own.cursor) }); };
    try {
      await follow(own, query, { more, told, signal: abort.signal });
    } catch (problem) {
      if (problem.name !== "AbortError") setState((old) => ({ ...old, problem, loading: false }));
    }
    if (own.abort !== abort) return;
    own.abort = null;
    own.busy = false;
    setState((old) => ({ ...old, filling: false }));
    if (own.dirty) own.soon();
  };

  useEffect(() => {
    setState((old) => ({ ...old, loading: true }));
    ask(true);
    const lives = () => { const { to } = windowOf(query, Date.now()); return to >= Date.now() && !document.hidden && !paused.value; };
    const soon = () => {
      if (own.timer || !lives()) return;
      own.timer = setTimeout(() => { own.timer = 0; ask(false); }, Math.max(SETTLE_MS, own.readAt + AT_MOST_EVERY_MS - Date.now()));
    };
    own.soon = soon;
    const silence = listen(({ kind }) => { if (/^(execution\.|schedule\.|console\.resumed)/.test(kind)) soon(); });
    const resume = paused.subscribe((is) => { if (!is && Date.now() - own.readAt > AT_MOST_EVERY_MS) soon(); });
    document.addEventListener("visibilitychange", soon);
    const clockwork = setInterval(soon, ANYWAY_EVERY_MS);
    return () => {
      silence(); resume(); clearInterval(clockwork); clearTimeout(own.timer); own.timer = 0; own.abort?.abort(); own.abort = null; own.busy = false; own.soon = () => {};
      document.removeEventListener("visibilitychange", soon);
    };
  }, [asked]);

  return { ...state, again: () => ask(true) };
}
