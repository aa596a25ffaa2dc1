// States: an icon, a word and a colour, always together.
import { html } from "../lib/html.js";
import { Icon } from "./icons.js";

/** Which colour a state has: good, bad, busy, wait, off. */
const TONES = {
  Succeeded: "good", Failed: "bad", Running: "busy", Pending: "wait", Scheduled: "wait", Retrying: "warn",
  Waiting: "wait", Cancelling: "warn", Cancelled: "off", Skipped: "off", Expired: "warn",
  TimedOut: "bad", Lost: "bad",
  Enabled: "good", Paused: "warn", Disabled: "off", Ended: "off",
  Alive: "good", Draining: "warn", Stopped: "off", Dead: "bad",
  fired: "good", missed: "bad", expired: "warn", coalesced: "off", skippedOverlap: "warn", skippedCalendar: "off",
  skippedCondition: "off", skippedPaused: "off", skippedException: "off", suppressedDst: "off",
};
const ICONS = {
  TimedOut: "expired", Lost: "failed", Enabled: "succeeded", Disabled: "cancelled", Ended: "succeeded",
  Alive: "succeeded", Draining: "paused", Stopped: "stop", Dead: "failed",
  fired: "succeeded", missed: "failed", coalesced: "skipped", skippedOverlap: "skipped", skippedCalendar: "calendar",
  skippedCondition: "skipped", skippedPaused: "paused", skippedException: "skipped", suppressedDst: "skipped",
};
const WORDS = {
  TimedOut: "Timed out", skippedOverlap: "Skipped: overlap", skippedCalendar: "Skipped: calendar",
  skippedCondition: "Skipped: condition", skippedPaused: "Skipped: paused", skippedException: "Skipped: exception",
  suppressedDst: "Suppressed: clock change", fired: "Fired", missed: "Missed", expired: "Expired", coalesced: "Coalesced",
};

export const toneOf = (state) => TONES[state] ?? "off";
export const wordOf = (state) => WORDS[state] ?? state;

/** @param {{value: string, short?: boolean}} props */
export const State = ({ value, short = false }) => html`
  <span class="state tone-${toneOf(value)}" title=${short ? wordOf(value) : undefined}>
    <${Icon} name=${ICONS[value] ?? value.toLowerCase()} spin=${value === "Running"} />
    <span class=${short ? "unseen" : ""}>${wordOf(value)}</span>
  </span>`;

/** The last runs of a job, oldest first: a bar each, coloured by state, linked to the execution. */
export const Strip = ({ runs, most = 20 }) => {
  const shown = runs.slice(0, most).reverse();
  const good = shown.filter(({ state }) => state === "Succeeded").length;
  const longest = Math.max(...shown.map(({ durationSeconds }) => durationSeconds ?? 0), 0.001);
  const said = shown.length ? `last ${shown.length} runs: ${good} succeeded, ${shown.filter(({ state }) => state === "Failed").length} failed` : "no runs yet";
  return html`<span class="strip" role="img" aria-label=${said} title=${said}>
    ${shown.map((run) => html`<i key=${run.id} class="tone-${toneOf(run.state)} height-${Math.max(1, Math.ceil(((run.durationSeconds ?? 0) / longest) * 5))}"></i>`)}
  </span>`;
};
