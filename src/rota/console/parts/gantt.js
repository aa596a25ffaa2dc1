// The timeline as a drawing: lanes by name, bars on a canvas. Its words are beside it: tooltip, status, table twin.
import { absolute, count, duration } from "../lib/format.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib/html.js";
import { endOf, hit, lanesBetween, moved, placeOf, ticks } from "../lib/timeline.js";
import { colours, font } from "./colours.js";
import { AXIS, paint } from "./gantt_paint.js";
import { chosenBy, handle } from "./gantt_hands.js";
import { State, wordOf } from "./state.js";
import { told, zoneFor } from "./time.js";

const SLACK_PX = 6, MARK_PX = 88, OVERSCAN_PX = 200;
const DAY_MS = 86400000, MINUTE_MS = 60000;

/** ms that the reader's zone is ahead of UTC at a time. */
function offsetAt(at) {
  const text = absolute(at, zoneFor(null)).replace(" ", "T");
  return Date.parse(`${text}Z`) - Math.floor(at / 1000) * 1000;
}

/** The marks of the axis, in the reader's clock. */
function marksOf(view, width) {
  const { step, ticks: found } = ticks(view, Math.max(2, width / MARK_PX), offsetAt);
  return found.map(({ at, day }) => {
    const text = absolute(at, zoneFor(null), { weekday: true });
    if (day || step >= DAY_MS) return { at, day, text: `${text.slice(0, 3)} ${text.slice(12, 14)}` };
    return { at, day, text: text.slice(15, step < MINUTE_MS ? 23 : 20) };
  });
}

/** What a bar is, in words. `long` for those who hear it. */
export function said(bar, lane, now, { long = false } = {}) {
  const seconds = (endOf(bar, now) - bar.start) / 1000;
  const begins = told(bar.start, null);
  if (bar.state === "Expected") return `${long ? `${lane}: ` : ""}expected at ${begins}${seconds > 0 ? `, for about ${duration(seconds)}` : ""}`;
  const when = ["Scheduled", "Pending", "Waiting", "Retrying"].includes(bar.state) ? `due at ${begins}` : `from ${begins}, ${bar.end === null ? "for" : "took"} ${duration(seconds)}${bar.end === null ? " so far" : ""}`;
  return `${long ? `${lane}: ${wordOf(bar.state)}, ` : ""}${when}`;
}

const Tip = ({ tip, now, nameOf, onOpen, pinned }) => {
  const ref = useRef(null);
  useLayoutEffect(() => {
    const { width, height } = ref.current.getBoundingClientRect();
    ref.current.style.left = `${Math.max(8, Math.min(innerWidth - width - 8, tip.x + 12))}px`;
    ref.current.style.top = `${tip.y + 20 + height > innerHeight ? tip.y - height - 12 : tip.y + 20}px`;
  });
  const { bar, lane } = tip;
  const name = bar && nameOf(bar);
  return html`<div class="gantt-tip ${pinned ? "pinned" : ""}" ref=${ref} role="presentation">
    <b>${lane.name}</b>${name && name !== lane.name && html`<span>${name}</span>`}
    ${bar ? html`<${State} value=${bar.state} /><span>${said(bar, lane.name, now)}</span>` : html`<span class="faint">${count(lane.bars.length, "bar")} in this row</span>`}
    ${pinned && bar && html`<button type="button" class="linklike" onClick=${() => onOpen(bar)}>${bar.state === "Expected" ? "Open the schedule" : "Open the execution"}</button>`}
  </div>`;
};

/**
 * @param {{layout: import("../lib/timeline.js").Layout, view: import("../lib/timeline.js").Window, now: number, label: string, onView: (view: any) => void,
 *   onOpen: (bar: any) => void, onLane: ((lane: any) => void)|null, onChoose: (bar: any) => void, laneHref: (lane: any) => string|null, nameOf: (bar: any) => string|null}} props
 */
export const Gantt = ({ layout, view, now, label, onView, onOpen, onLane, onChoose, laneHref, nameOf }) => {
  const box = useRef(null), canvas = useRef(null), current = useRef(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [scroll, setScroll] = useState(0);
  const [point, setPoint] = useState(null);
  const [chosenId, setChosen] = useState(null);
  const palette = colours.value;  // read here, so that a change of the theme paints anew

  const chosen = chosenId && (layout.lanes.find(({ key }) => key === chosenId.lane)?.bars.find(({ id, start }) => id === chosenId.id && (chosenId.state !== "Expected" || start === chosenId.start)) ?? null);
  const time = (x) => view.from + (x / Math.max(1, size.width)) * (view.to - view.from);
  const under = point && point.y >= AXIS ? hit(layout, point.y - AXIS + scroll, time(point.x), now, (SLACK_PX / Math.max(1, size.width)) * (view.to - view.from)) : null;
  useEffect(() => { onChoose(chosen); }, [chosen]);
  current.current = { view, width: size.width, layout, chosen, under, box: box.current, onView, onOpen, onLane };

  useEffect(() => {
    const watch = new ResizeObserver(() => setSize({ width: canvas.current.parentElement.clientWidth, height: box.current.clientHeight }));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => handle(canvas.current, {
    at: () => current.current,
    onView: (next) => current.current.onView(next),
    onPoint: setPoint,
    onClick: (event) => {
      const { under: found, chosen: was } = current.current;
      if (!found) { setChosen(null); return; }
      if (!found.bar) { if (event.pointerType === "mouse" && current.current.onLane) current.current.onLane(found.lane); return; }
      if (event.pointerType === "mouse" || was === found.bar) current.current.onOpen(found.bar);
      else setChosen(found.bar);
    },
  }), []);

  const lane = under?.lane.key ?? chosen?.lane ?? null;
  useLayoutEffect(() => {
    const frame = requestAnimationFrame(() => draw(canvas.current, { layout, view, ...size, scroll, now, lane, bar: chosen ?? under?.bar ?? null, colours: palette }));
    return () => cancelAnimationFrame(frame);
  });

  const choose = (event) => {
    if (event.key === "Enter" && chosen) { event.preventDefault(); onOpen(chosen); return; }
    const next = chosenBy(event, layout, chosen, view);
    if (next === undefined) return;
    event.preventDefault();
    setPoint(null);
    setChosen(next);
    if (next) show(next);
  };
  /** Bring a bar into sight: its row, and its time. */
  const show = (bar) => {
    const place = placeOf(layout, bar);
    const room = size.height - AXIS;
    if (place && (place.lane.top < scroll || place.lane.top + place.lane.height > scroll + room)) box.current.scrollTop = place.lane.top - room / 2;
    const span = view.to - view.from;
    if (bar.start < view.from || bar.start > view.to - span * 0.05) onView(moved(view, bar.start - view.from - span / 2));
  };

  const pinned = chosen && !under ? pinOf(chosen, { layout, view, size, scroll, canvas: canvas.current }) : null;
  const tip = under ? { ...under, x: point.clientX, y: point.clientY } : pinned;
  const [first, last] = lanesBetween(layout, scroll - OVERSCAN_PX, scroll + size.height + OVERSCAN_PX);
  const row = chosen && layout.lanes.find(({ key }) => key === chosen.lane);
  return html`<div class="gantt" ref=${box} onScroll=${(event) => { setScroll(event.target.scrollTop); setPoint(null); }}>
    <div class="gantt-inner" style=${{ height: `${layout.height + AXIS}px` }}>
      <div class="gantt-window" style=${{ height: `${size.height}px` }}>
        <canvas ref=${canvas} class=${under?.bar ? "over-bar" : ""} tabindex="0" role="application" aria-roledescription="timeline" aria-label=${label} aria-describedby="gantt-keys" onKeyDown=${choose}></canvas>
        <div class="gantt-corner" aria-hidden="true">${absolute(view.from, zoneFor(null)).slice(0, 10)}</div>
      </div>
      <ul class="gantt-names" aria-label="Rows">${layout.lanes.slice(first, last).map((one) => { const to = laneHref(one); return html`<li key=${one.key} class=${one.key === lane ? "over" : ""} style=${{ top: `${one.top + AXIS}px`, height: `${one.height}px` }}>
        ${to ? html`<a class="cut" href=${to} title=${one.name}>${one.name}</a>` : html`<span class="cut" title=${one.name}>${one.name}</span>`}</li>`; })}</ul>
    </div>
    ${tip && html`<${Tip} tip=${tip} now=${now} nameOf=${nameOf} onOpen=${onOpen} pinned=${!under} />`}
    <p class="unseen" id="gantt-keys">Arrow up and down choose a bar in the row above or below, Shift with arrow left and right the bar before or after, Home and End the first and last of the row; Enter opens it. Plus and minus zoom, arrow left and right move. The button Table shows the same bars as a table.</p>
    <p class="unseen" role="status" aria-live="polite">${chosen ? `${said(chosen, row.name, now, { long: true })}. Bar ${row.bars.indexOf(chosen) + 1} of ${row.bars.length} in this row.` : ""}</p>
  </div>`;
};

/** Where the tooltip of a chosen bar stands, if the bar is in sight. */
function pinOf(bar, { layout, view, size, scroll, canvas }) {
  const place = placeOf(layout, bar);
  const y = place ? place.y - scroll + AXIS : -1;
  const x = ((bar.start - view.from) / (view.to - view.from)) * size.width;
  if (!place || !canvas || y < AXIS || y > size.height || x > size.width) return null;
  const { left, top } = canvas.getBoundingClientRect();
  return { lane: place.lane, bar, x: left + Math.max(0, x), y: top + y };
}

/** One frame. The canvas has as many pixels as the screen, whatever the page is zoomed to. */
function draw(canvas, scene) {
  if (!canvas || scene.width <= 0) return;
  const begun = performance.now();
  const ratio = devicePixelRatio || 1;
  const [wide, high] = [Math.round(scene.width * ratio), Math.round(scene.height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    Object.assign(canvas, { width: wide, height: high });
    Object.assign(canvas.style, { width: `${scene.width}px`, height: `${scene.height}px` });
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const many = paint(context, { ...scene, marks: marksOf(scene.view, scene.width), fonts: [font(12), font(12, 650)] });
  // what a test, or a doubt about its speed, can ask
  canvas.dataset.bars = String(many);
  canvas.dataset.frame = (performance.now() - begun).toFixed(1);
}
