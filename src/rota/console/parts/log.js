// A log: its end first, more as it is scrolled up, live while it is written; never whole.
import { marked } from "../lib/ansi.js";
import { count, number } from "../lib/format.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib/html.js";
import { useLog } from "../lib/log_feed.js";
import { keyOf, painted, placeOf } from "../lib/log_window.js";
import { filter, href, route } from "../lib/router.js";
import { logWrap } from "../lib/settings.js";
import { copy } from "./copy.js";
import { Button } from "./layout.js";
import { MOST_SAVED, asText, save, useSearch } from "./log_tools.js";
import { told } from "./time.js";
import { complain, say } from "./toast.js";

const NEAR_PX = 40;
const LONG = 200;

const Line = ({ one, id, here, word }) => {
  const { line, spans } = one;
  const key = keyOf(line);
  const parts = word ? marked(spans, word) : spans;
  return html`<div class="log-line ${line.stream === "stderr" ? "stderr" : ""} ${here ? "marked" : ""}" id=${`line-${key}`} aria-current=${here ? "location" : undefined}>
    <a class="no" href=${href(`/executions/${id}`, { ...route.peek().query, line: key })} title=${`${told(line.at, null)}, ${line.stream}: a link to this line`} aria-label=${`Line ${line.line}`}>${line.stream === "stderr" && html`<b title="stderr">!</b>`}${line.line}</a><span class="text">${parts.map((part) => (part.hit ? html`<mark class=${part.class || undefined}>${part.text}</mark>` : part.class ? html`<span class=${part.class}>${part.text}</span>` : part.text))}</span></div>`;
};

/** The lines with a head at each attempt. What did not change is not painted again. */
const Lines = ({ lines, id, here, word }) => {
  const known = useRef(new WeakMap());
  const drawn = useRef(new WeakMap());
  const many = lines.some(({ attempt }) => attempt > 1);
  return painted(lines, known.current).map((one, index) => {
    const { line } = one;
    const isHere = here === keyOf(line);
    let old = drawn.current.get(one);
    if (!old || old.isHere !== isHere || old.word !== word) {
      old = { isHere, word, drawing: html`<${Line} key=${keyOf(line)} id=${id} one=${one} here=${isHere} word=${word} />` };
      drawn.current.set(one, old);
    }
    const begins = many && lines[index - 1]?.token !== line.token;
    return begins ? [html`<div key=${`head-${line.token}`} class="attempt-head" role="separator" aria-label=${`Attempt ${line.attempt ?? "?"}`}>Attempt ${line.attempt ?? "?"}</div>`, old.drawing] : old.drawing;
  });
};

const Tools = ({ id, text, setText, search, lines, log }) => {
  const [saving, setSaving] = useState(false);
  const keep = async () => {
    setSaving(true);
    try { say(`${count(await save(id), "line")} are saved`); } catch (problem) { complain(problem); }
    setSaving(false);
  };
  const copyAll = () => copy(asText(lines)).then(() => say(`${count(lines.length, "line")} are on the clipboard`), complain);
  const long = log.window.above || log.window.below || log.window.lines.length >= LONG;
  return html`<div class="filters log-tools" role="search"><input type="search" aria-label="Search the log" placeholder="Search the whole log" value=${text} onInput=${(event) => setText(event.target.value)} onKeyDown=${(event) => { if (event.key === "Escape") setText(""); }} />
    <span class="faint" role="status">${search.busy ? "searching…" : search.hits ? `${search.above ? "the newest " : ""}${count(search.hits.length, "line")}` : ""}</span>
    ${long && !search.hits && html`<${Button} tone="small" disabled=${Boolean(log.busy)} title="To the first line" onClick=${log.start}>First</${Button}><${Button} tone="small" disabled=${Boolean(log.busy)} title="To the last line" onClick=${log.end}>Last</${Button}>`}
    <label class="check"><input type="checkbox" checked=${logWrap.value} onChange=${() => { logWrap.value = !logWrap.value; }} /> Wrap</label>
    <${Button} icon="copy" title="Copy the lines that are here" aria-label="Copy the lines that are here" onClick=${copyAll} /><${Button} icon="download" disabled=${saving} title=${`Save as a text, at most the last ${number(MOST_SAVED)} lines`} aria-label="Save as a text" onClick=${keep} /></div>`;
};

/**
 * Keeps the eye where it is when lines come above, at the end when it is there, at the line of a link when that is new.
 * What it returns is told before lines come: "up" or "down" = from where, "top" = the eye goes to the first line.
 */
function useScroll(box, log, lines, here, found) {
  const anchor = useRef(null);
  const sought = useRef(null);
  const searching = useRef(found);
  searching.current = found;
  const seek = () => {
    const line = !searching.current && sought.current && document.getElementById(`line-${sought.current}`);
    if (!line) return false;
    sought.current = null;
    line.scrollIntoView({ block: "center" });
    return true;
  };
  useLayoutEffect(() => {
    const element = box.current;
    const held = anchor.current;
    anchor.current = null;
    if (seek()) return;
    if (held === "top") element.scrollTop = 0;
    else if (held?.line.isConnected) element.scrollTop += held.line.offsetTop - held.top;
    else if (found || (log.sticking.current && !here)) element.scrollTop = element.scrollHeight;
  }, [lines]);
  useEffect(() => {
    const place = placeOf(here);
    if (!place) return;
    log.sticking.current = false;
    sought.current = here;
    log.toPlace(place).then(seek);
  }, [here]);
  return (toward) => {
    const all = box.current.querySelectorAll(".log-line");
    const line = all[toward === "up" ? 0 : all.length - 1];
    anchor.current = toward === "top" ? "top" : line ? { line, top: line.offsetTop } : null;
  };
}

/** @param {{id: string, first: {items: any[], before: string|null}, live: boolean, onEnd: () => void}} props */
export const Log = ({ id, first, live, onEnd }) => {
  const here = route.value.query.line;
  const log = useLog({ id, first, live, complain, onEnd });
  const [text, setText] = useState("");
  const [stuck, setStuck] = useState(true);
  const search = useSearch(id, text.trim(), complain);
  const box = useRef(null);
  const lines = search.hits ?? log.window.lines;
  const hold = useScroll(box, log, lines, here, search.hits !== null);
  useEffect(() => { if (here) setText(""); }, [here]);
  const { window } = log;
  const up = () => { hold("up"); log.up(); };
  const scrolled = () => {
    if (search.hits) return;
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    log.sticking.current = near && !window.below;
    setStuck(log.sticking.current);
    if (near && window.below) { hold("down"); log.down(); } else if (scrollTop < NEAR_PX && window.above && !log.sticking.current) up();
  };
  const end = () => {
    log.sticking.current = true;
    setStuck(true);
    if (here) filter({ line: null });
    if (window.below) log.toEnd(); else box.current.scrollTop = box.current.scrollHeight;
  };
  const start = () => {
    log.sticking.current = false;
    if (here) filter({ line: null });
    hold("top");
    log.toStart();
  };
  const more = () => { hold("up"); search.more(); };
  const drawn = useMemo(() => html`<${Lines} lines=${lines} id=${id} here=${here} word=${search.hits ? text.trim() : ""} />`, [lines, here]);
  const digits = String(Math.max(999, ...[lines[0], lines.at(-1)].map((line) => line?.line ?? 0))).length;
  return html`<div class="log">
    <${Tools} id=${id} text=${text} setText=${setText} search=${search} lines=${lines} log=${{ ...log, end, start }} />
    ${log.lost && html`<p class="ink-warn" role="status">Line ${log.lost} is not in this log; here is what there is.</p>`}
    <div class="log-frame"><div class="log-box ${logWrap.value ? "wrap" : ""}" ref=${box} style=${{ "--digits": `${digits + 2}ch` }} onScroll=${scrolled} tabindex="0" role="log" aria-label="Log" aria-live="off" aria-busy=${Boolean(log.busy)}>
      ${search.hits ? search.above && html`<div class="log-more"><${Button} tone="small" disabled=${search.busy} onClick=${more}>Earlier lines that hold it</${Button}></div>`
        : window.above && html`<div class="log-more"><${Button} tone="small" disabled=${Boolean(log.busy)} onClick=${up}>${log.busy === "up" ? "Loading…" : "Lines above"}</${Button}></div>`}
      ${lines.length === 0 && html`<p class="faint">${search.hits ? "No line holds that." : log.follows ? "Nothing written yet." : "It wrote nothing."}</p>`}
      ${drawn}
      ${!search.hits && window.below && html`<div class="log-more"><${Button} tone="small" disabled=${Boolean(log.busy)} onClick=${() => { hold("down"); log.down(); }}>${log.busy === "down" ? "Loading…" : "Lines below"}</${Button}></div>`}
    </div>
    ${!search.hits && (!stuck || window.below) && lines.length > 0 && html`<div class="log-end"><button type="button" class="pill" onClick=${end}>${window.unseen ? `${number(window.unseen)} new: to the end` : "To the end"} ↓</button></div>`}</div>
  </div>`;
};
