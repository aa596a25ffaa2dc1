// The timeline without a page: its windows, its bars in lanes and tracks, what stands at a point. Pure.

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

/** Ranges that are one click away, in ms. */
export const RANGES = { "1h": HOUR, "6h": 6 * HOUR, "24h": DAY, "7d": 7 * DAY };
export const RANGE = "6h";
export const MOST_BARS = 10_000;
const AHEAD = 1 / 6, MARGIN = 0.15;
const LEAST_SPAN = 5 * SECOND, MOST_SPAN = 23 * DAY;
const MOST_TRACKS = 10, LANE_MARGIN = 6, MOST_PITCH = 16, LEAST_PITCH = 6, LANE_ROOM = 48;

/** @typedef {{from: number, to: number}} Window */
/** @typedef {{id: string, lane: string, start: number, end: number|null, state: string}} Bar state "Expected" = a fire that is coming */
/** @typedef {{bars: Bar[], reach: Float64Array}} Track reach = how far the bars up to each of them reach */
/** @typedef {{key: string, name: string, top: number, height: number, pitch: number, bars: Bar[], tracks: Track[]}} Lane */
/** @typedef {{lanes: Lane[], height: number, many: number}} Layout */

/**
 * The window that the address means: `from` and `to`, or a range that ends a little after now.
 * @param {{from?: string, to?: string, range?: string}} query
 * @returns {Window & {follows: boolean}}
 */
export function windowOf({ from, to, range }, now) {
  const start = Date.parse(from), end = Date.parse(to);
  if (start < end) return { ...fitted({ from: start, to: end }), follows: false };
  const span = RANGES[range] ?? RANGES[RANGE];
  return { from: now - span, to: now + span * AHEAD, follows: true };
}

/** Nearer (factor < 1) or farther, with `at` staying where it is. */
export function zoomed({ from, to }, factor, at = (from + to) / 2) {
  const span = Math.min(MOST_SPAN, Math.max(LEAST_SPAN, (to - from) * factor));
  const part = (at - from) / (to - from);
  return fitted({ from: at - span * part, to: at + span * (1 - part) });
}

export const moved = ({ from, to }, by) => fitted({ from: from + by, to: to + by });

/** What is asked of the server for a window: a little more on both sides, so that small moves show no gap. */
export const margined = ({ from, to }) => fitted({ from: from - (to - from) * MARGIN, to: to + (to - from) * MARGIN });

const fitted = ({ from, to }) => ({ from: Math.round(from), to: Math.round(to) });

/** Where a bar ends for the eye: what has not ended goes on until now. */
export const endOf = (bar, now) => bar.end ?? Math.max(now, bar.start);

/** What is known of a timeline: lanes and bars by their keys. */
export const nothing = () => ({ lanes: new Map(), bars: new Map(), expected: [] });

/**
 * What is known with one more page of the API. The first page tells anew what lives and what is expected, and only
 * bars that touch the window are kept. `gap` = none of its ended bars was known, so there may be others between.
 */
export function withPage(known, page, { first = false, window = null } = {}) {
  const origin = Date.parse(page.from);
  const lanes = new Map(known.lanes);
  for (const { key, name } of page.lanes) lanes.set(key, name);
  const bars = new Map();
  for (const [id, bar] of known.bars) {
    if (!first || (bar.end !== null && (!window || (bar.end >= window.from && bar.start <= window.to)))) bars.set(id, bar);
  }
  let gap = first && bars.size > 0 && Boolean(page.nextCursor);
  for (const [lane, id, start, end, state] of page.bars) {
    if (end !== null && bars.has(id)) gap = false;
    bars.set(id, { id, lane: page.lanes[lane].key, start: origin + start, end: end === null ? null : origin + end, state: page.states[state] });
  }
  const expected = first ? page.expected.map(([lane, id, at, lasting]) => ({ id, lane: page.lanes[lane].key, start: origin + at, end: origin + at + lasting, state: "Expected" })) : known.expected;
  return { lanes, bars: bars.size > MOST_BARS ? newest(bars) : bars, expected, gap };
}

function newest(bars) {
  const when = (bar) => bar.end ?? Infinity;
  return new Map([...bars.values()].sort((a, b) => when(b) - when(a) || 0).slice(0, MOST_BARS).map((bar) => [bar.id, bar]));
}

/** Bars in lanes by name, and within a lane in as many tracks as run at once. @returns {Layout} */
export function laidOut({ lanes, bars, expected }, now) {
  const groups = new Map();
  for (const bar of [...bars.values(), ...expected]) {
    const group = groups.get(bar.lane);
    if (group) group.push(bar);
    else groups.set(bar.lane, [bar]);
  }
  const named = [...groups.keys()].map((key) => ({ key, name: lanes.get(key) || key }));
  const order = new Intl.Collator("en", { numeric: true });
  named.sort((a, b) => order.compare(a.name, b.name) || (a.key < b.key ? -1 : 1));
  let top = 0, many = 0;
  const found = named.map(({ key, name }) => {
    const inside = groups.get(key).sort((a, b) => a.start - b.start);
    const tracks = packed(inside, now);
    const pitch = Math.max(LEAST_PITCH, Math.min(MOST_PITCH, Math.floor(LANE_ROOM / tracks.length)));
    const lane = { key, name, top, height: 2 * LANE_MARGIN + tracks.length * pitch, pitch, bars: inside, tracks };
    top += lane.height;
    many += inside.length;
    return lane;
  });
  return { lanes: found, height: top, many };
}

/** Bars in order of their start, each in the first track that is free by then. @returns {Track[]} */
function packed(bars, now) {
  const tracks = [];
  const free = [];
  for (const bar of bars) {
    let at = free.findIndex((end) => end <= bar.start);
    if (at < 0) {
      at = tracks.length < MOST_TRACKS ? tracks.push([]) - 1 : free.indexOf(Math.min(...free));
    }
    tracks[at].push(bar);
    free[at] = Math.max(free[at] ?? -Infinity, endOf(bar, now));
  }
  return tracks.map((inside) => {
    const reach = new Float64Array(inside.length);
    inside.forEach((bar, index) => { reach[index] = Math.max(index ? reach[index - 1] : -Infinity, bar.end ?? Infinity); });
    return { bars: inside, reach };
  });
}

/** The first index from which `passes` is true; the length if it never is. */
export function firstIndex(length, passes) {
  let low = 0, high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Which lanes stand between two heights: [first, behind the last]. */
export function lanesBetween({ lanes }, top, bottom) {
  return [firstIndex(lanes.length, (i) => lanes[i].top + lanes[i].height > top), firstIndex(lanes.length, (i) => lanes[i].top >= bottom)];
}

/** Which bars of a track may touch a window: [first, behind the last]. */
export const barsBetween = ({ bars, reach }, from, to) => [firstIndex(bars.length, (i) => reach[i] >= from), firstIndex(bars.length, (i) => bars[i].start > to)];

/** What stands at a height and a time: the lane, and the nearest bar of its track within `slack` ms. */
export function hit(layout, y, at, now, slack) {
  const lane = layout.lanes[lanesBetween(layout, y, y + 1)[0]];
  if (!lane || y < 0 || y >= layout.height) return null;
  const index = Math.floor((y - lane.top - LANE_MARGIN) / lane.pitch);
  const track = lane.tracks[Math.max(0, Math.min(lane.tracks.length - 1, index))];
  const [first, last] = barsBetween(track, at - slack, at + slack);
  let best = null, least = Infinity;
  for (let i = last - 1; i >= first; i -= 1) {
    const bar = track.bars[i];
    const away = at < bar.start ? bar.start - at : Math.max(0, at - endOf(bar, now));
    if (away <= slack && away < least) { best = bar; least = away; }
    if (least === 0) break;
  }
  return { lane, bar: best };
}

/** The bar that a key leads to: "next" and "previous" in the lane, "above" and "below" to the nearest one of another lane. */
export function neighbour({ lanes }, bar, way, middle) {
  if (lanes.length === 0) return null;
  const row = bar ? lanes.findIndex(({ key }) => key === bar.lane) : -1;
  if (row < 0) return nearest(lanes[0], middle);
  const step = { next: 1, previous: -1, below: 1, above: -1 }[way];
  if (way === "above" || way === "below") return lanes[row + step] ? nearest(lanes[row + step], bar.start) : bar;
  const inside = lanes[row].bars;
  const at = inside.findIndex((one) => one.id === bar.id && one.start === bar.start);
  return inside[at + step] ?? bar;
}

function nearest({ bars }, at) {
  const after = firstIndex(bars.length, (i) => bars[i].start >= at);
  const [a, b] = [bars[after - 1], bars[after]];
  return !b || (a && at - a.start < b.start - at) ? a : b;
}

/** Where a bar stands: its lane and its height in the layout. */
export function placeOf({ lanes }, bar) {
  const lane = lanes.find(({ key }) => key === bar.lane);
  const track = lane?.tracks.findIndex(({ bars }) => bars.includes(bar)) ?? -1;
  return lane && track >= 0 ? { lane, y: lane.top + LANE_MARGIN + track * lane.pitch } : null;
}

const STEPS = [1, 2, 5, 10, 15, 30].map((many) => many * SECOND).concat([1, 2, 5, 10, 15, 30].map((many) => many * MINUTE), [1, 2, 3, 6, 12].map((many) => many * HOUR), [1, 2, 7, 14].map((many) => many * DAY));

/**
 * Where the axis has its marks: [{at, day}], whole steps of the clock of a zone; `offsetAt(at)` = ms that it is ahead
 * of UTC. `day` = a day begins there.
 */
export function ticks({ from, to }, most, offsetAt) {
  const step = STEPS.find((one) => (to - from) / one <= most) ?? STEPS.at(-1);
  const found = [];
  let at = from;
  while (at <= to) {
    const offset = offsetAt(at);
    let next = Math.ceil((at + offset) / step) * step - offset;
    const turned = offset - offsetAt(next);  // the clocks change in between: the mark stays at the whole hour
    if (turned && step > HOUR) next += turned;
    if (next > to) break;
    found.push({ at: next, day: (next + offsetAt(next)) % DAY === 0 });
    at = Math.max(next, at) + 1;
  }
  return { step, ticks: found };
}

/** How many bars are in each state. */
export function counted({ bars, expected }) {
  const found = new Map([["Expected", expected.length]]);
  for (const { state } of bars.values()) found.set(state, (found.get(state) ?? 0) + 1);
  return found;
}
