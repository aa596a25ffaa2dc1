// What happens, as it happens: one stream for all tabs, and whether it is up.
import { address, session } from "./api.js";
import { Follower } from "./follower.js";
import { signal } from "../vendor/signals.js";

/**
 * `away` = for how many ms it was lost before.
 * @type {import("../vendor/signals.js").Signal<{state: "connecting" | "live" | "lost", since?: number, away?: number | null}>}
 */
export const connection = signal({ state: "connecting" });
/** {away, events, until}: what was missed while the connection was lost, `events` up to the number `until`; null = nothing to say. */
export const missed = signal(null);

const listeners = new Set();
/** What ends the stream of this tab. @type {(() => void)|null} */
let leave = null;

/** Call `hear` with each event {id, kind, data}. Returns what ends it. */
export function listen(hear) {
  listeners.add(hear);
  return () => listeners.delete(hear);
}

function receive(message) {
  if (message.type === "event") {
    if (Number(message.id) <= (missed.value?.until ?? 0)) missed.value = { ...missed.value, events: missed.value.events + 1 };
    for (const hear of listeners) hear(message);
  } else if (message.type === "opened") {
    if (missed.value?.until === null) missed.value = { ...missed.value, until: message.newest };
  } else if (message.state === "signedOut") {
    session.value = null;
    leave?.();
    leave = null;
  } else {
    connection.value = message;
    if (message.state !== "live" || !message.away) return;
    missed.value = { away: message.away, events: 0, until: null };
    for (const hear of listeners) hear({ kind: "console.resumed", data: {} });
  }
}

/** Begin to follow, once. */
export function follow() {
  if (leave) return;
  const url = address("/api/events");
  try {
    const { port } = new SharedWorker(new URL("./stream_worker.js", import.meta.url), { type: "module", name: "rota-events" });
    leave = () => { port.postMessage({ type: "leave" }); port.close(); };
    port.onmessage = ({ data }) => receive(data);
    port.start();
    port.postMessage({ type: "follow", url });
  } catch {  // no shared workers here: this tab has a stream of its own
    const follower = new Follower(url, receive);
    leave = () => follower.stop();
    follower.start();
  }
}

globalThis.addEventListener?.("pagehide", () => leave?.());
globalThis.addEventListener?.("pageshow", ({ persisted }) => { if (persisted) location.reload(); });
