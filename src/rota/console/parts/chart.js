// A chart of uPlot in the colours of the page. Its library and stylesheet are fetched when the first one is shown.
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { stacked } from "../lib/series.js";
import { colours, font } from "./colours.js";

const HEIGHT = 220;
const SCALE_ROOM = 52;
const GRID = 1;
let linked = false;

/** Fetch uPlot, and link its stylesheet once. */
async function library() {
  if (!linked) {
    linked = true;
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("../vendor/uplot.css", import.meta.url).href }));
  }
  return (await import("../vendor/uplot.js")).default;
}

/** Slanting lines in a colour: a look that needs no colour to be told from a plain one. */
function hatched(colour, ground) {
  const tile = Object.assign(document.createElement("canvas"), { width: 6, height: 6 });
  const context = tile.getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 6, 6);
  context.strokeStyle = ground;
  context.lineWidth = 1.2;
  for (const shift of [-6, 0, 6]) { context.moveTo(shift, 6); context.lineTo(shift + 6, 0); }
  context.stroke();
  return context.createPattern(tile, "repeat");
}

/**
 * What uPlot draws: bars that stand on one another, the topmost first, and lines over them with a scale of their own.
 * @returns {any}
 */
function options(uPlot, { bars, lines, tickOf }, width, palette, onIndex) {
  const axis = { stroke: palette.faint, font: font(12), grid: { stroke: palette.line, width: GRID }, ticks: { show: false } };
  const path = uPlot.paths.bars({ size: [0.72, 36], radius: 0.1 });
  return {
    width, height: HEIGHT, legend: { show: false }, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: true, range: (_, least, most) => [least - 43200, most + 43200] }, bars: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] }, lines: { range: (_, __, most) => [0, Math.max(0.001, most * 1.25)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 28, values: (_, splits) => splits.map((at) => new Date(at * 1000).toLocaleDateString("en-GB", { day: "2-digit", month: "short", timeZone: "UTC" })), space: 64 },
      { ...axis, scale: "bars", size: SCALE_ROOM, values: (_, splits) => splits.map(tickOf.bars) },
      { ...axis, scale: "lines", side: 1, size: SCALE_ROOM, grid: { show: false }, values: (_, splits) => splits.map(tickOf.lines) },
    ],
    series: [{}, ...[...bars].reverse().map((one) => ({ scale: "bars", paths: path, points: { show: false }, width: 0, fill: one.hatched ? () => hatched(palette[one.colour], palette.paper) : palette[one.colour] })),
      ...lines.map((one) => ({ scale: "lines", stroke: palette[one.colour], width: 2, points: { show: false }, spanGaps: true }))],
    hooks: { setCursor: [(chart) => onIndex(chart.cursor.left >= 0 ? chart.cursor.idx ?? null : null)] },
  };
}

const LEFT_AND_RIGHT = { ArrowLeft: -1, ArrowRight: 1 };

/**
 * bars: [{colour, values, hatched?}], the lowest first; lines: [{colour, values}]; `times` in seconds; `tell(index)` = what stands
 * there, in words (null = over all). The words follow the pointer, or the arrows while the chart has the focus.
 * @param {{label: string, times: number[], bars: any[], lines: any[], tickOf: {bars: (value: number) => string, lines: (value: number) => string}, tell: (index: number|null) => any}} props
 */
export const Chart = ({ label, times, bars, lines, tickOf, tell }) => {
  const place = useRef(null), chart = useRef(null);
  const [index, setIndex] = useState(null);
  const [width, setWidth] = useState(0);
  const palette = colours.value;
  const data = [times, ...stacked(bars.map(({ values }) => values)).reverse(), ...lines.map(({ values }) => values)];
  const known = JSON.stringify(data);
  useEffect(() => {
    const watch = new ResizeObserver(() => setWidth(place.current.clientWidth));
    watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (!width) return undefined;
    let wanted = true;
    library().then((uPlot) => { if (wanted) chart.current = new uPlot(options(uPlot, { bars, lines, tickOf }, width, palette, setIndex), data, place.current); });
    return () => { wanted = false; chart.current?.destroy(); chart.current = null; };
  }, [known, width, palette]);
  const step = (event) => {
    const by = LEFT_AND_RIGHT[event.key];
    if (!by || !chart.current) return;
    event.preventDefault();
    const next = Math.min(times.length - 1, Math.max(0, (index ?? (by > 0 ? -1 : times.length)) + by));
    chart.current.setCursor({ left: chart.current.valToPos(times[next], "x"), top: 0 });
    setIndex(next);
  };
  return html`<div class="chart"><p class="chart-says" role="status" aria-live="polite">${tell(index)}</p>
    <div class="chart-place" ref=${place} tabindex="0" role="application" aria-roledescription="chart" aria-label=${`${label}. Arrow left and right tell each day; the table has the same figures.`} onKeyDown=${step} onBlur=${() => setIndex(null)}></div></div>`;
};
