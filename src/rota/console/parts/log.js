// A log: its end first, more as it is scrolled up, live while it is written; never whole.
import { address, get } from "../lib/api.js";
import { plain, spans } from "../lib/ansi.js";
import { Follower } from "../lib/follower.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib/html.js";
import { absolute } from "../lib/format.js";
import { filter, route } from "../lib/router.js";
import { copy } from "./copy.js";
import { Button, Pill } from "./layout.js";
import { zoneFor } from "./time.js";
import { complain, say } from "./toast.js";

const MOST_LINES = 3000;
const PAGE = 300;
const NEAR_PX = 40;
const TYPING_MS = 250;

const keyOf = (line) => `${line.token}.${line.line}`;

/** Lines in their order, each once. */
function joined(old, found) {
  const seen = new Set(old.map(keyOf));
  const all = [...old, ...found.filter((line) => !seen.has(keyOf(line)))];
  return all.sort((a, b) => a.token - b.token || a.line - b.line);
}

const Line = ({ line, first, marked, id }) => {
  const { spans: parts } = useMemo(() => spans(line.text), [line.text]);
  return html`${first && html`<div class="attempt-head" role="separator">Attempt ${line.attempt ?? "?"}</div>`}
    <div class="log-line ${line.stream} ${marked ? "marked" : ""}" id=${`line-${keyOf(line)}`}><a class="no" href=${`#/executions/${id}?line=${keyOf(line)}`} title=${absolute(line.at, zoneFor(null))} aria-label=${`Line ${line.line}`}>${line.line}</a><span class="text">${parts.map((part, index) => html`<span key=${index} class=${part.class || undefined}>${part.text}</span>`)}</span></div>`;
};

/** @param {{id: string, first: {items: any[], before: string|null}, live: boolean, onEnd: () => void}} props */
export const Log = ({ id, first, live, onEnd }) => {
  const [lines, setLines] = useState(first.items);
  const [above, setAbove] = useState(first.before);
  const [search, setSearch] = useState("");
  const [hits, setHits] = useState(null);
  const [wrap, setWrap] = useState(true);
  const [stuck, setStuck] = useState(true);
  const [unseen, setUnseen] = useState(0);
  const [busy, setBusy] = useState(false);
  const box = useRef(null);
  const keep = useRef(null);
  const sticky = useRef(true);
  sticky.current = stuck;
  const marked = route.value.query.line;

  useEffect(() => {
    if (!live) return undefined;
    const last = lines.at(-1)?.cursor;
    const follower = new Follower(address(`/api/executions/${id}/logs`, { follow: "1", after: last }), (message) => {
      if (message.type !== "event") return;
      if (message.kind === "end") { follower.stop(); onEnd(); return; }
      queue.push(message.data);
      timer ??= requestAnimationFrame(flush);
    });
    let queue = [];
    let timer = null;
    const flush = () => {
      timer = null;
      const found = queue;
      queue = [];
      setLines((old) => {
        const all = joined(old, found);
        if (sticky.current && all.length > MOST_LINES) { setAbove((is) => is ?? all.at(-MOST_LINES).cursor ?? null); return all.slice(-MOST_LINES); }
        return all;
      });
      if (!sticky.current) setUnseen((many) => many + found.length);
    };
    follower.start();
    return () => { follower.stop(); if (timer) cancelAnimationFrame(timer); };
  }, [id, live]);

  useEffect(() => {
    if (!search) { setHits(null); return undefined; }
    const timer = setTimeout(() => get(`/api/executions/${id}/logs`, { search, limit: 500 }).then((page) => setHits(page.items), complain), TYPING_MS);
    return () => clearTimeout(timer);
  }, [search, id]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    if (keep.current !== null) { element.scrollTop += element.scrollHeight - keep.current; keep.current = null; }
    else if (stuck && !marked) element.scrollTop = element.scrollHeight;
  }, [lines]);
  useEffect(() => { if (marked) { setStuck(false); document.getElementById(`line-${marked}`)?.scrollIntoView({ block: "center" }); } }, [marked]);

  const up = async () => {
    if (!above || busy) return;
    setBusy(true);
    try {
      const page = await get(`/api/executions/${id}/logs`, { before: above, limit: PAGE });
      keep.current = box.current.scrollHeight;
      setLines((old) => joined(page.items, old).slice(0, MOST_LINES));
      setAbove(page.previousCursor);
    } catch (problem) { complain(problem); }
    setBusy(false);
  };
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    const end = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    setStuck(end);
    if (end) setUnseen(0);
    if (scrollTop < NEAR_PX) up();
  };
  const toEnd = async () => {
    setUnseen(0);
    setStuck(true);
    if (marked) filter({ line: null });
    const page = await get(`/api/executions/${id}/logs`, { tail: 200 });
    setLines(page.items);
    setAbove(page.previousCursor);
  };
  const shown = hits ?? lines;
  const copyAll = () => copy(shown.map((line) => plain(line.text)).join("\n")).then(() => say(`${shown.length} lines are on the clipboard`), complain);
  return html`<div class="log">
    <div class="filters"><input type="search" aria-label="Search the log" placeholder="Search the log" value=${search} onInput=${(event) => setSearch(event.target.value)} />
      ${hits && html`<span class="faint" role="status">${hits.length === 500 ? "500 and more lines" : `${hits.length} lines`}</span>`}
      <label class="check"><input type="checkbox" checked=${wrap} onChange=${() => setWrap(!wrap)} /> Wrap</label>
      <${Button} icon="copy" title="Copy what is shown" aria-label="Copy what is shown" onClick=${copyAll} /><a class="button" href=${address(`/api/executions/${id}/logs`, { tail: 1000 })} download=${`${id}.log.json`} title="Download the last 1000 lines" aria-label="Download the last 1000 lines">↓</a></div>
    <div class="log-box ${wrap ? "wrap" : ""}" ref=${box} onScroll=${scrolled} tabindex="0" role="log" aria-label="Log" aria-live="off">
      ${!hits && above && html`<div class="log-more"><${Button} tone="small" disabled=${busy} onClick=${up}>${busy ? "…" : "Lines above"}</${Button}></div>`}
      ${shown.length === 0 && html`<p class="faint">${hits ? "No line holds that." : live ? "Nothing written yet." : "It wrote nothing."}</p>`}
      ${shown.map((line, index) => html`<${Line} key=${keyOf(line)} id=${id} line=${line} marked=${marked === keyOf(line)} first=${index > 0 ? shown[index - 1].token !== line.token : line.attempt > 1} />`)}
    </div>
    ${!stuck && (live || unseen > 0) && html`<div class="log-end"><${Pill} many=${unseen || "↓"} word=${unseen ? "new lines: to the end" : "to the end"} onClick=${toEnd} /></div>`}
  </div>`;
};
