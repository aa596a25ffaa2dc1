// Why does this not run? The scheduler's own gates, in its own order; the first that is shut is the headline.
import { html, useState } from "../lib/html.js";
import { Icon } from "./icons.js";
import { Button } from "./layout.js";
import { Time, now } from "./time.js";

/** Where a gate's `see` leads in the console. */
export function placeOf(see) {
  const [, noun, id] = /^\/api\/(\w+)\/([^/?]+)/.exec(see ?? "") ?? [];
  const places = { jobs: `#/jobs/${id}`, executions: `#/executions/${id}`, schedules: `#/schedules/${id}`, calendars: `#/calendars/${id}`, queues: "#/fleet", workers: "#/fleet" };
  return places[noun] ?? null;
}

const Gate = ({ gate, first }) => html`<li class=${gate.ok ? "open" : "shut"}>
  <span class=${gate.ok ? "ink-good" : "ink-bad"}><${Icon} name=${gate.ok ? "succeeded" : "failed"} /></span><span class="unseen">${gate.ok ? "passes: " : "stops it: "}</span>
  <span class="gate"><span class=${first ? "strong" : ""}>${gate.says}</span>${gate.until && html` <span class="faint">until <${Time} at=${gate.until} full=${true} /></span>`}${gate.since && html` <span class="faint">since <${Time} at=${gate.since} /></span>`}
  ${placeOf(gate.see) && html` <a href=${placeOf(gate.see)}>See</a>`}</span>
  <code class="faint only-wide">${gate.code}</code></li>`;

/** @param {{why: any}} props */
export const Why = ({ why }) => {
  const [all, setAll] = useState(false);
  const shut = why.gates.filter(({ ok }) => !ok);
  const shown = all ? why.gates : shut;
  const waits = why.nextStart && Date.parse(why.nextStart) > now.value;
  return html`<div class="stack" id="why">
    <p class="headline">${why.headline}</p>
    ${why.nextStart && html`<p class="faint">${waits ? "Next possible start" : "It may start now"}${waits && html`: <${Time} at=${why.nextStart} full=${true} /> (<${Time} at=${why.nextStart} />)`}</p>`}
    <ul class="why">${shown.map((gate) => html`<${Gate} key=${gate.code} gate=${gate} first=${gate === shut[0]} />`)}</ul>
    <div><${Button} tone="small" aria-expanded=${all} onClick=${() => setAll(!all)}>${all ? "Only what stops it" : `All ${why.gates.length} gates`}</${Button}></div>
  </div>`;
};
