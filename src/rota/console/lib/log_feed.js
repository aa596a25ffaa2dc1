// What moves the window over a log: pages upward and downward, the end as it is written, the place that a link names.
import { get } from "./api.js";
import { useEffect, useRef, useState } from "./html.js";
import { cursorAt, downward, keyOf, opened, upward, written } from "./log_window.js";
import { paused } from "./settings.js";

const PAGE = 300, TAIL = 200, AROUND = 100;
const MOST_AT_ONCE = 1000, LOOK_MS = 500, AWAY_MS = 2000;

/** Whether the tab is in sight. */
function useSight() {
  const [seen, setSeen] = useState(!document.hidden);
  useEffect(() => {
    const look = () => setSeen(!document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return seen;
}

/**
 * Hears what is written, page after page, until the log has ended: `hear(lines)`, and `end()` after the last. It asks
 * again and again instead of holding a stream, because each tab would hold one of the six connections of its browser.
 */
function useFollowing(id, wanted, given) {
  const act = useRef(given);
  act.current = given;
  useEffect(() => {
    if (!wanted) return undefined;
    const abort = new AbortController();
    let timer = 0;
    let after = act.current.heard?.cursor;
    const look = async () => {
      const { over } = act.current;  // as it was before the question: what was written until then is in the answer
      try {
        const page = await get(`/api/executions/${id}/logs`, { after, limit: MOST_AT_ONCE }, { signal: abort.signal });
        if (abort.signal.aborted) return;
        after = page.items.at(-1)?.cursor ?? after;
        if (page.items.length) act.current.hear(page.items);
        if (over && !page.nextCursor) { act.current.end(); return; }
        timer = setTimeout(look, page.nextCursor ? 0 : LOOK_MS);
      } catch (problem) {
        if (problem.name !== "AbortError") timer = setTimeout(look, AWAY_MS);  // that the server is away is told above
      }
    };
    look();
    return () => { abort.abort(); clearTimeout(timer); };
  }, [id, wanted]);
}

/**
 * {window, busy, lost, sticking, up, down, toEnd, toStart, toPlace}: `sticking` is a ref that says whether the reader
 * looks at the end; `lost` = the place of a link that is not in the log.
 * @param {{id: string, first: {items: any[], before: string|null}, live: boolean, complain: (problem: any) => void, onEnd: () => void}} options
 */
export function useLog({ id, first, live, complain, onEnd }) {
  const [window, setWindow] = useState(() => opened(first.items, first.before));
  const [busy, setBusy] = useState("");
  const [lost, setLost] = useState("");
  const [follows, setFollows] = useState(live);
  const sticking = useRef(true);
  const asking = useRef(false);
  useEffect(() => { if (live) setFollows(true); }, [live]);  // what ends goes on being followed until its last line
  const seen = useSight();
  useFollowing(id, follows && seen && !paused.value, {
    heard: window.heard, over: !live,
    hear: (found) => setWindow((old) => written(old, found, sticking.current)), end: () => { setFollows(false); onEnd(); },
  });

  const ask = async (what, query, take) => {
    if (asking.current) return;
    asking.current = true;
    setBusy(what);
    try {
      const page = await get(`/api/executions/${id}/logs`, query);
      setWindow((old) => take(old, page));
    } catch (problem) { complain(problem); }
    asking.current = false;
    setBusy("");
  };
  const open = (what, query, below = null) => ask(what, query, (old, page) => opened(page.items, page.previousCursor, below ? below(page) : false, old.heard));
  return {
    window, busy, lost, sticking, follows,
    up: () => window.above && ask("up", { before: window.above, limit: PAGE }, (old, page) => upward(old, page.items, page.previousCursor)),
    down: () => window.below && ask("down", { after: window.lines.at(-1).cursor, limit: PAGE }, (old, page) => downward(old, page.items, page.nextCursor !== null)),
    toEnd: () => open("end", { tail: TAIL }),
    toStart: () => open("start", { limit: PAGE }, (page) => page.nextCursor !== null),
    toPlace: async (place) => {
      setLost("");
      if (window.lines.some((line) => keyOf(line) === keyOf(place))) return;
      await ask("place", { before: cursorAt(place.token, place.line + AROUND), limit: 2 * AROUND }, (old, page) => {
        const there = page.items.some((line) => keyOf(line) === keyOf(place));
        if (!there) setLost(keyOf(place));
        return there ? opened(page.items, page.previousCursor, true, old.heard) : old;
      });
    },
  };
}
