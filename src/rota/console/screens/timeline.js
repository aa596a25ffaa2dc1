// Timeline: what ran, runs, waits and is expected, as bars over time.
import { get } from "../lib/api.js";
import { count, duration, number } from "../lib/format.js";
import { html, useEffect, useMemo, useRef, useState } from "../lib/html.js";
import { filter, go, href } from "../lib/router.js";
import { MOST_BARS, RANGE, RANGES, counted, endOf, laidOut, moved, windowOf, zoomed } from "../lib/timeline.js";
import { useTimeline } from "../lib/timeline_feed.js";
import { Gantt } from "../parts/gantt.js";
import { useShortcut } from "../parts/keys.js";
import { Button, Card, Empty, Head, Refusal } from "../parts/layout.js";
import { Search } from "../parts/search.js";
import { State } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { now, told } from "../parts/time.js";

const SETTLE_MS = 400, ASK_NAME_MS = 120;
const CLOSER = 0.6, PAN = 0.2;
const ROWS = 100;
const GROUPS = { job: "Job", worker: "Worker", queue: "Queue", team: "Team" };
/**
 * The states that are switched together: [what it is called, the states, the look of its bars].
 * @type {[string, string[], string][]}
 */
const KINDS = [
  ["Succeeded", ["Succeeded"], "look-good"], ["Failed", ["Failed", "Expired"], "look-bad"], ["Running", ["Running", "Cancelling"], "look-busy"],
  ["Queued", ["Scheduled", "Pending", "Waiting", "Retrying"], "look-wait"], ["Cancelled", ["Cancelled", "Skipped"], "look-off"],
];

const open = (bar) => go(bar.state === "Expected" ? `/schedules/${bar.id}` : `/executions/${bar.id}`);

/** What an execution is called, asked when somebody looks at it and its row does not tell it. */
function useName(bar, wanted) {
  const [names, setNames] = useState(new Map());
  const id = wanted && bar ? bar.id : null;
  useEffect(() => {
    if (!id || names.has(id)) return undefined;
    const path = bar.state === "Expected" ? `/api/schedules/${id}` : `/api/executions/${id}`;
    const timer = setTimeout(() => get(path).then((found) => setNames((old) => new Map(old).set(id, found.jobName ?? found.name ?? found.type)), () => {}), ASK_NAME_MS);
    return () => clearTimeout(timer);
  }, [id]);
  return names;
}

/** The window of the address, and the one that is being dragged until the hand rests. */
function useWindow(query) {
  const [held, setHeld] = useState(null);
  const key = `${query.from} ${query.to} ${query.range}`;
  useEffect(() => { setHeld(null); }, [key]);
  useEffect(() => {
    if (!held) return undefined;
    const timer = setTimeout(() => filter({ from: new Date(held.from).toISOString(), to: new Date(held.to).toISOString(), range: null }), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [held]);
  const addressed = windowOf(query, now.value);
  return [held ?? addressed, setHeld, !held && addressed.follows];
}

const Legend = ({ states, counts }) => {
  const chosen = new Set(states ? states.split(",") : []);
  const has = (names) => chosen.size === 0 || names.some((name) => chosen.has(name));  // what is filtered away is not counted
  const toggle = (names) => {
    const next = new Set(chosen);
    const off = names.every((name) => next.has(name));
    for (const name of names) next[off ? "delete" : "add"](name);
    filter({ state: next.size ? [...next].join(",") : null });
  };
  return html`<div class="choices kinds" role="group" aria-label="States">
    ${KINDS.map(([word, names, look]) => html`<button key=${word} type="button" aria-pressed=${names.every((name) => chosen.has(name))} onClick=${() => toggle(names)} title=${`Only ${names.join(", ")}`}>
      <i class="look ${look}" aria-hidden="true"></i>${word}${has(names) && html` <span class="faint">${number(names.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0))}</span>`}</button>`)}
    <span class="expected"><i class="look look-expected" aria-hidden="true"></i>Expected${has(["Scheduled"]) && html` <span class="faint">${number(counts.get("Expected"))}</span>`}</span></div>`;
};

const Twin = ({ layout, view, group }) => {
  const [most, setMost] = useState(ROWS);
  const names = useMemo(() => new Map(layout.lanes.map(({ key, name }) => [key, name])), [layout]);
  const bars = useMemo(() => layout.lanes.flatMap((lane) => lane.bars).sort((a, b) => b.start - a.start), [layout]);
  const shown = bars.filter((bar) => bar.start <= view.to && endOf(bar, now.value) >= view.from);
  const columns = [
    { key: "state", title: "State", cell: (bar) => html`<${State} value=${bar.state} />` },
    { key: "lane", title: GROUPS[group], fill: true, cell: (bar) => html`<span class="cut" title=${names.get(bar.lane)}>${names.get(bar.lane)}</span>` },
    { key: "start", title: "From", cell: (bar) => told(bar.start, null) },
    { key: "end", title: "To", wide: true, cell: (bar) => (bar.end === null ? html`<span class="faint">not ended</span>` : told(bar.end, null)) },
    { key: "took", title: "Took", right: true, cell: (bar) => duration((endOf(bar, now.value) - bar.start) / 1000) },
  ];
  if (shown.length === 0) return html`<p class="nothing">No bar is in this stretch of time.</p>`;
  return html`<${Table} label="The bars of the timeline" columns=${columns} rows=${shown.slice(0, most)} keyOf=${(bar) => `${bar.id} ${bar.start}`} to=${(bar) => (bar.state === "Expected" ? `/schedules/${bar.id}` : `/executions/${bar.id}`)} />
    ${shown.length > most && html`<p class="more"><${Button} onClick=${() => setMost(most + ROWS)}>Show more of ${number(shown.length)}</${Button}></p>`}`;
};

const Controls = ({ query, follows, onZoom, onPan }) => html`<div class="filters">
  <div class="choices" role="group" aria-label="Range">${Object.keys(RANGES).map((range) => html`<button key=${range} type="button" aria-pressed=${follows && (query.range ?? RANGE) === range} onClick=${() => filter({ range: range === RANGE ? null : range, from: null, to: null })}>${range.replace(/(\d+)/, "$1 ")}</button>`)}</div>
  <span class="row zoom"><${Button} tone="small" title="Earlier (←)" aria-label="Earlier" onClick=${() => onPan(-PAN)}>←</${Button}><${Button} tone="small" title="Farther (−)" aria-label="Zoom out" onClick=${() => onZoom(1 / CLOSER)}>−</${Button}>
    <${Button} tone="small" title="Nearer (+)" aria-label="Zoom in" onClick=${() => onZoom(CLOSER)}>+</${Button}><${Button} tone="small" title="Later (→)" aria-label="Later" onClick=${() => onPan(PAN)}>→</${Button}></span>
  <label class="row">Rows <select value=${query.group ?? "job"} onChange=${(event) => filter({ group: event.target.value === "job" ? null : event.target.value })}>${Object.entries(GROUPS).map(([key, word]) => html`<option key=${key} value=${key}>${word}</option>`)}</select></label>
  <${Search} value=${query.q ?? ""} label="A part of the job's name" /></div>`;

const Note = ({ feed, layout, view, follows }) => html`<p class="faint small" role="status">
  ${`${told(view.from, null)} – ${told(view.to, null)}${follows ? ", following the clock" : ""} · ${count(layout.many, "bar")} in ${count(layout.lanes.length, "row")}`}
  ${feed.filling ? " · older ones are on their way…" : feed.cut ? ` · older ones are left out${layout.many >= MOST_BARS ? ` (${number(MOST_BARS)} at most)` : ""}: zoom in to see them` : ""}</p>`;

export default function Timeline({ query }) {
  const group = query.group in GROUPS ? query.group : "job";
  const asked = { from: query.from, to: query.to, range: query.range, group, state: query.state, q: query.q };
  const feed = useTimeline(asked);
  const [view, setView, follows] = useWindow(query);
  const layout = useMemo(() => laidOut(feed.known, Date.now()), [feed.known]);
  const counts = useMemo(() => counted(feed.known), [feed.known]);
  const [looked, setLooked] = useState(null);
  const names = useName(looked, group !== "job");
  const chosen = useRef(null);
  const zoom = (factor) => {
    const anchor = chosen.current?.start ?? now.value;  // what is looked at stays in sight
    setView(zoomed(view, factor, anchor > view.from && anchor < view.to && (chosen.current || follows) ? anchor : undefined));
  };
  const pan = (part) => setView(moved(view, part * (view.to - view.from)));
  useShortcut("+", "Nearer", () => zoom(CLOSER));
  useShortcut("=", "Nearer", () => zoom(CLOSER));
  useShortcut("-", "Farther", () => zoom(1 / CLOSER));
  useShortcut("ArrowLeft", "Earlier", () => pan(-PAN));
  useShortcut("ArrowRight", "Later", () => pan(PAN));
  useShortcut("0", "Back to now", () => filter({ from: null, to: null }));
  const twin = query.table === "1";
  const nameOf = (bar) => { if (bar !== looked) queueMicrotask(() => setLooked(bar)); return names.get(bar.id) ?? null; };
  const pathOf = (lane) => (lane.bars.some(({ id }) => id === lane.key) ? `/executions/${lane.key}` : `/jobs/${lane.key}`);  // without a job, an execution is its own row
  const laneHref = (lane) => (!lane.key ? null : group === "job" ? href(pathOf(lane)) : group === "queue" ? href("/executions", { q: `queue:${lane.key}` }) : group === "worker" ? "#/fleet" : null);
  const empty = !feed.loading && layout.many === 0;
  return html`<${Head} title="Timeline"><${Button} icon=${twin ? "timeline" : "executions"} aria-pressed=${twin} onClick=${() => filter({ table: twin ? null : "1" })}>${twin ? "Drawing" : "Table"}</${Button}></${Head}>
    <${Controls} query=${query} follows=${follows} onZoom=${zoom} onPan=${pan} />
    <${Legend} states=${query.state} counts=${counts} />
    ${feed.problem && html`<${Refusal} problem=${feed.problem} again=${feed.again} />`}
    <${Card} flush=${true}>${feed.loading && layout.many === 0 ? html`<p class="loading" role="status">Loading…</p>`
      : empty ? html`<${Empty} title="Nothing ran in this stretch of time" icon="timeline"><p><${Button} onClick=${() => go("/timeline", { range: "7d", group: query.group })}>Show seven days</${Button}></p></${Empty}>`
      : twin ? html`<${Twin} layout=${layout} view=${view} group=${group} />`
      : html`<${Gantt} layout=${layout} view=${view} now=${now.value} label=${`Timeline by ${GROUPS[group].toLowerCase()}: ${count(layout.many, "bar")} in ${count(layout.lanes.length, "row")}`}
          onView=${setView} onOpen=${open} onLane=${group === "job" ? (lane) => go(pathOf(lane)) : null} onChoose=${(bar) => { chosen.current = bar; }} laneHref=${laneHref} nameOf=${group === "job" ? () => null : nameOf} />`}</${Card}>
    <${Note} feed=${feed} layout=${layout} view=${view} follows=${follows} />`;
}
