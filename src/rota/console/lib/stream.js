// What happens, as it happens: one stream for all tabs, and whether it is up.
import { address } from "./api.js";
import { session } from "./api.js";
import { Follower } from "./follower.js";
import { signal } from "../vendor/signals.js";

/**
 * `away` = for how many ms it was lost before.
 * @type {import("../vendor/signals.js").Signal<{state: "connecting" | "live" | "lost", since?: number, away?: number | null}>}
 */
export const connection = signal({ state: "connecting" });
/** How many events came since the connection was regained, within a moment: what was missed. */
export const missed = signal(null);

const BURST_MS = 1500;
const listeners = new Set();
let begun = false;
let burstUntil = 0;

/** Call `hear` with each event {id, kind, data}. Returns what ends it. */
export function listen(hear) {
  listeners.add(hear);
  return () => listeners.delete(hear);
}

function receive(message) {
  if (message.type === "event") {
    if (Date.now() < burstUntil && missed.value) missed.value = { ...missed.value, events: missed.value.events + 1 };
    for (const hear of listeners) hear(message);
    return;
  }
  if (message.state === "signedOut") { session.value = null; begun = false; return; }
  connection.value = message;
  if (message.state === "live" && message.away) {
    missed.value = { away: message.away, events: 0 };
    burstUntil = Date.now() + BURST_MS;
    for (const hear of listeners) hear({ kind: "console.resumed", data: {} });
  }
}

/** Begin to follow, once. */
export function follow() {
  if (begun) return;
  begun = true;
  const url = address("/api/events");
  try {
    const worker = new SharedWorker(new URL("./stream_worker.js", import.meta.url), { type: "module", name: "rota-events" });
    worker.port.onmessage = ({ data }) => receive(data);
    worker.port.start();
    worker.port.postMessage({ type: "follow", url });
    addEventListener("pagehide", () => worker.port.postMessage({ type: "leave" }));
    addEventListener("pageshow", ({ persisted }) => { if (persisted) location.reload(); });
  } catch {  // no shared workers here: this tab has a stream of its own
    new Follower(url, receive).start();
  }
}
