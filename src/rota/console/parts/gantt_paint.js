// Paints the timeline: only what is visible, all bars of a look at once. A state has a shape of its own beside its colour.
import { barsBetween, endOf, lanesBetween } from "../lib/timeline.js";

export const AXIS = 28;
const LEAST_WIDTH = 2, GLYPH_WIDTH = 16, ROOMY = 8;
const NOW_WIDTH = 44;

/** Look of a state: the colour, and its shape. full · tall (reaches out of its row) · thin · hollow · dashed. */
export const LOOKS = {
  Succeeded: ["good-bar", "full"], Failed: ["bad-bar", "tall"], Expired: ["warn-bar", "tall"], Running: ["busy-bar", "full"], Cancelling: ["warn-bar", "full"],
  Scheduled: ["wait-bar", "hollow"], Pending: ["wait-bar", "hollow"], Waiting: ["wait-bar", "hollow"], Retrying: ["warn-bar", "hollow"],
  Cancelled: ["off-bar", "thin"], Skipped: ["off-bar", "thin"], Expected: ["strong-line", "dashed"],
};
const GLYPHS = { Succeeded: [[-3, 0, -1, 3], [-1, 3, 4, -3]], Failed: [[-3, -3, 3, 3], [3, -3, -3, 3]], Running: [[-2, -3, 3, 0], [3, 0, -2, 3], [-2, 3, -2, -3]] };

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{layout: import("../lib/timeline.js").Layout, view: import("../lib/timeline.js").Window, width: number, height: number, scroll: number, now: number,
 *   marks: {at: number, text: string, day: boolean}[], colours: Record<string, string>, fonts: [string, string], lane: string|null, bar: any}} scene
 * @returns {number} how many bars were visible
 */
export function paint(context, scene) {
  const { layout, width, height, scroll, colours } = scene;
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, width, height);
  context.save();
  context.beginPath();
  context.rect(0, AXIS, width, height - AXIS);
  context.clip();
  context.translate(0, AXIS - scroll);
  const [first, last] = lanesBetween(layout, scroll, scroll + height - AXIS);
  rows(context, scene, first, last);
  grid(context, scene);
  const many = bars(context, scene, first, last);
  context.restore();
  axis(context, scene);
  line(context, scene);
  return many;
}

const place = ({ view, width }) => { const scale = width / (view.to - view.from); return (at) => (at - view.from) * scale; };

function rows(context, { layout, width, colours, lane }, first, last) {
  for (let i = first; i < last; i += 1) {
    const { key, top, height } = layout.lanes[i];
    if (key === lane) { context.fillStyle = colours.sunk; context.fillRect(0, top, width, height); }
    context.fillStyle = colours.line;
    context.fillRect(0, top + height - 1, width, 1);
  }
}

function grid(context, scene) {
  const { marks, colours, scroll, height } = scene;
  const x = place(scene);
  for (const { at, day } of marks) {
    context.fillStyle = day ? colours["strong-line"] : colours.line;
    context.fillRect(Math.round(x(at)), scroll, 1, height);
  }
}

/** The rectangles of every look, gathered first: a path for each is much faster than a path for each bar. */
function bars(context, scene, first, last) {
  const { layout, view, now, bar: chosen } = scene;
  const x = place(scene);
  const found = new Map();
  let many = 0;
  /** @type {[number, number, number, number]|null} */
  let mark = null;
  for (let i = first; i < last; i += 1) {
    const lane = layout.lanes[i];
    for (let t = 0; t < lane.tracks.length; t += 1) {
      const track = lane.tracks[t];
      const [from, to] = barsBetween(track, view.from, view.to);
      const y = lane.top + 6 + t * lane.pitch, size = lane.pitch - (lane.pitch > 8 ? 4 : 1);
      const drawn = {};
      for (let b = from; b < to; b += 1) {
        const bar = track.bars[b];
        const left = x(bar.start), right = Math.max(left + LEAST_WIDTH, x(endOf(bar, now)));
        if (right < 0) continue;
        many += 1;
        if (bar === chosen) mark = [left, y, right - left, size];
        if (right <= (drawn[bar.state] ?? -1)) continue;  // the same look already stands on these pixels
        drawn[bar.state] = Math.ceil(right);
        const list = found.get(bar.state) ?? [];
        if (list.length === 0) found.set(bar.state, list);
        list.push(left, y, right - left, size);
      }
    }
  }
  for (const state of Object.keys(LOOKS)) if (found.has(state)) look(context, scene, state, found.get(state));
  if (mark) ring(context, scene, mark);
  return many;
}

function look(context, { colours, width }, state, list) {
  const [colour, shape] = LOOKS[state];
  context.beginPath();
  for (let i = 0; i < list.length; i += 4) {
    const left = Math.max(-4, list[i]), right = Math.min(width + 4, list[i] + list[i + 2]);
    const y = list[i + 1], size = list[i + 3];
    if (shape === "thin") context.rect(left, y + size / 4, right - left, size / 2);
    else if (shape === "tall" && size >= ROOMY) context.rect(left, y - 2, right - left, size + 4);
    else if (shape === "full" || shape === "tall") context.rect(left, y, right - left, size);
    else context.rect(left + 0.75, y + 0.75, Math.max(3, right - left - 1.5), size - 1.5);
  }
  if (shape === "hollow" || shape === "dashed") {
    context.strokeStyle = colours[colour];
    context.lineWidth = 1.5;
    context.setLineDash(shape === "dashed" ? [3, 2] : []);
    context.stroke();
    context.setLineDash([]);
  } else {
    context.fillStyle = colours[colour];
    context.fill();
    if (GLYPHS[state]) glyphs(context, { colours, width }, GLYPHS[state], list);
  }
}

/** A sign inside of bars that have the room for it. */
function glyphs(context, { colours, width }, strokes, list) {
  context.beginPath();
  for (let i = 0; i < list.length; i += 4) {
    const left = Math.max(0, list[i]), right = Math.min(width, list[i] + list[i + 2]);
    if (right - left < GLYPH_WIDTH || list[i + 3] < ROOMY) continue;
    const cx = left + 8, cy = list[i + 1] + list[i + 3] / 2;
    for (const [x1, y1, x2, y2] of strokes) { context.moveTo(cx + x1, cy + y1); context.lineTo(cx + x2, cy + y2); }
  }
  context.strokeStyle = colours.paper;
  context.lineWidth = 1.75;
  context.stroke();
}

function ring(context, { colours }, [left, y, wide, size]) {
  context.strokeStyle = colours.ink;
  context.lineWidth = 2;
  context.strokeRect(left - 3, y - 3, wide + 6, size + 6);
}

function axis(context, scene) {
  const { width, marks, colours, fonts, now } = scene;
  const x = place(scene), here = x(now);
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, width, AXIS);
  context.fillStyle = colours.line;
  context.fillRect(0, AXIS - 1, width, 1);
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (const { at, text, day } of marks) {
    const left = Math.round(x(at));
    context.fillStyle = day ? colours.ink : colours.faint;
    context.font = day ? fonts[1] : fonts[0];
    if (day || Math.abs(left + 20 - here) > NOW_WIDTH) context.fillText(text, left + 4, AXIS / 2);
    context.fillStyle = day ? colours["strong-line"] : colours.line;
    context.fillRect(left, 4, 1, AXIS - 4);
  }
}

/** The line of now, over everything. */
function line(context, scene) {
  const { width, height, now, colours, fonts } = scene;
  const left = place(scene)(now);
  if (left < 0 || left > width) return;
  context.fillStyle = colours.accent;
  context.fillRect(left - 0.75, 0, 1.5, height);
  context.font = fonts[1];
  const wide = context.measureText("now").width + 8;
  const at = Math.min(Math.max(0, left - wide / 2), width - wide);
  context.fillRect(at, 6, wide, 16);
  context.fillStyle = colours.paper;
  context.fillText("now", at + 4, 14);
}
