// What hands do to a timeline: drag, wheel, click, and the keys while it has the focus.
import { moved, neighbour, zoomed } from "../lib/timeline.js";

const DRAG_PX = 4;
const WHEEL_ZOOM = 0.002;
const WAYS = { ArrowUp: "above", ArrowDown: "below" };

/**
 * Listeners for a canvas. `at()` tells what is current: {view, width, layout, chosen, box}; the rest is told back.
 * Returns what takes them away.
 * @param {HTMLCanvasElement} canvas
 * @param {{at: () => any, onView: (view: any) => void, onPoint: (point: {x: number, y: number, clientX: number, clientY: number, touch: boolean}|null) => void, onClick: (event: PointerEvent) => void}} hands
 */
export function handle(canvas, { at, onView, onPoint, onClick }) {
  let begun = null;
  const point = (event) => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top, clientX: event.clientX, clientY: event.clientY, touch: event.pointerType === "touch" };
  };
  const perPixel = () => { const { view, width } = at(); return (view.to - view.from) / width; };

  const down = (event) => {
    if (event.button !== 0) return;
    const { view, box } = at();
    begun = { x: event.clientX, y: event.clientY, view, top: box.scrollTop, moves: false };
  };
  const move = (event) => {
    if (!begun) { onPoint(point(event)); return; }
    const dx = event.clientX - begun.x, dy = event.clientY - begun.y;
    if (!begun.moves && Math.hypot(dx, dy) < DRAG_PX) return;
    if (!begun.moves) { begun.moves = true; canvas.setPointerCapture(event.pointerId); canvas.classList.add("dragging"); onPoint(null); }
    onView(moved(begun.view, -dx * perPixel()));
    if (event.pointerType !== "touch") at().box.scrollTop = begun.top - dy;
  };
  const up = (event) => {
    const was = begun;
    begun = null;
    canvas.classList.remove("dragging");
    if (was && !was.moves) { onPoint(point(event)); onClick(event); }
  };
  const cancel = () => { begun = null; canvas.classList.remove("dragging"); };
  const leave = () => { if (!begun) onPoint(null); };
  const wheel = (event) => {
    const { view, width } = at();
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      onView(zoomed(view, Math.exp(event.deltaY * WHEEL_ZOOM), view.from + (point(event).x / width) * (view.to - view.from)));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      onView(moved(view, (event.deltaX || event.deltaY) * perPixel()));
    }
  };
  const listeners = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: cancel, pointerleave: leave, wheel };
  for (const [name, listener] of Object.entries(listeners)) canvas.addEventListener(name, listener, { passive: false });
  return () => { for (const [name, listener] of Object.entries(listeners)) canvas.removeEventListener(name, listener); };
}

/**
 * What a key chooses while the canvas has the focus: a bar, null (let go), or undefined (the key means nothing here).
 * ↑ ↓ go to the row above or below, Shift with ← → to the bar before or after, Home and End to the first and last of the row.
 */
export function chosenBy(event, layout, chosen, view) {
  const middle = (view.from + view.to) / 2;
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  if (event.key === "Escape" && chosen) return null;
  const way = WAYS[event.key] ?? (event.shiftKey ? { ArrowLeft: "previous", ArrowRight: "next" }[event.key] : undefined);
  if (way) return neighbour(layout, chosen, way, middle) ?? undefined;
  const lane = chosen && layout.lanes.find(({ key }) => key === chosen.lane);
  if (lane && event.key === "Home") return lane.bars[0];
  if (lane && event.key === "End") return lane.bars.at(-1);
  return undefined;
}
