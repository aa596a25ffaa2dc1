// Times: relative, exact on hover, in the clock that the reader has chosen.
import { html, signal } from "../lib/html.js";
import { absolute, relative, zoneName } from "../lib/format.js";
import { clock } from "../lib/settings.js";

/** Ticks once a second while anybody looks. */
export const now = signal(Date.now());
setInterval(() => { if (!document.hidden) now.value = Date.now(); }, 1000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) now.value = Date.now(); });

/** The zone in which to tell a time, by the reader's choice. */
export const zoneFor = (zone) => ({ schedule: zone || undefined, browser: undefined, UTC: "UTC" })[clock.value];

/** An instant in full, such as "2026-11-28 14:05:09 CET". */
export const told = (at, zone) => `${absolute(at, zoneFor(zone))} ${zoneName(at, zoneFor(zone))}`;

/** @param {{at: string|null, zone?: string|null, full?: boolean, none?: string}} props */
export const Time = ({ at, zone = null, full = false, none = "–" }) => {
  if (!at) return html`<span class="faint">${none}</span>`;
  const exact = told(at, zone);
  const away = relative(at, now.value);
  return html`<time datetime=${at} title=${full ? away : exact}>${full ? exact : away}</time>`;
};
