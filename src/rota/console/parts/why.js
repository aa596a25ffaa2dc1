// Why does this not run? The scheduler's own gates, in its own order; the first that is shut is the headline.
import { partsOf, shortId } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { Icon } from "./icons.js";
import { Button } from "./layout.js";
import { Time, now } from "./time.js";

/** Gates that open by themselves when their time has come: nothing is wrong. */
const CALM = new Set(["notDue", "backoffUntil", "ended"]);
/** [icon, colour, what a screen reader says first]. */
const LOOKS = { open: ["succeeded", "good", "passes: "], shut: ["failed", "bad", "stops it: "], calm: ["pending", "wait", "not yet: "] };
const PLACES = { jobs: "Job", executions: "Execution", schedules: "Schedule", calendars: "Calendar", queues: "Queues", workers: "Workers" };

const lookOf = (gate) => (gate.ok ? "open" : CALM.has(gate.code) ? "calm" : "shut");

/** Where a gate's `see` leads in the console, and what is there. @returns {[string, string]|null} */
export function placeOf(see) {
  const [, noun, id] = /^\/api\/(\w+)(?:\/([^/?]+))?/.exec(see ?? "") ?? [];
  if (!(noun in PLACES)) return null;
  return [["queues", "workers"].includes(noun) ? "#/fleet" : `#/${noun}${id ? `/${id}` : ""}`, PLACES[noun]];
}

/** A sentence of the server, with its instants in the clock of the reader and its ids short. */
const Said = ({ text }) => partsOf(text).map((part) => (typeof part === "string" ? part : part.at ? html`<${Time} at=${part.at} full=${true} />` : html`<span title=${part.id}>…${shortId(part.id)}</span>`));

const More = ({ gate }) => {
  const place = placeOf(gate.see);
  const until = gate.until && !partsOf(gate.says).some((part) => Date.parse(part.at) === Date.parse(gate.until));
  return html`${gate.since && html` <span class="faint">since <${Time} at=${gate.since} /></span>`}${until && html` <span class="faint">until <${Time} at=${gate.until} full=${true} /></span>`}${place && html` <a href=${place[0]}>${place[1]}</a>`}`;
};

const Gate = ({ gate, headline = false }) => {
  const [icon, tone, word] = LOOKS[lookOf(gate)];
  return html`<li class=${`${gate.ok ? "open" : "shut"} ${headline ? "headline" : ""}`}><span class="ink-${tone} mark"><${Icon} name=${icon} /></span>
    <span class="gate"><span class="unseen">${word}</span><${Said} text=${gate.says} /><${More} gate=${gate} /></span><code class="faint only-wide" title="the name of this gate in the API">${gate.code}</code></li>`;
};

const Start = ({ at, free }) => {
  if (!at) return html`<p class="faint">It cannot be said when it may start.</p>`;
  if (Date.parse(at) <= now.value) return html`<p class="faint">${free ? "It may start now." : "It may start as soon as nothing stops it."}</p>`;
  return html`<p class="faint">Next possible start: <b><${Time} at=${at} full=${true} /></b>, <${Time} at=${at} /></p>`;
};

/**
 * `why` as /api/jobs/{id}/why or the view of a job or an execution has it.
 * @param {{why: {headline: string, nextStart: string|null, gates: any[], executionId?: string|null}}} props
 */
export const Why = ({ why }) => {
  const [all, setAll] = useState(false);
  const shut = why.gates.filter(({ ok }) => !ok);
  const [first, ...rest] = shut;
  return html`<div class="stack" id="why" tabindex="-1">
    <ul class="why">${first ? html`<${Gate} gate=${first} headline=${true} />` : html`<li class="headline"><span class="ink-good mark"><${Icon} name="succeeded" /></span><span class="gate"><${Said} text=${why.headline || "Nothing stands in its way"} /></span></li>`}</ul>
    <${Start} at=${why.nextStart} free=${shut.length === 0} />
    ${!all && rest.length > 0 && html`<h3>Then there ${rest.length === 1 ? "is" : "are"}</h3><ul class="why">${rest.map((gate) => html`<${Gate} key=${gate.code} gate=${gate} />`)}</ul>`}
    ${all && html`<ul class="why" aria-label="All gates, in the order in which they are asked">${why.gates.map((gate) => html`<${Gate} key=${gate.code} gate=${gate} />`)}</ul>`}
    <div><${Button} tone="small" aria-expanded=${all} onClick=${() => setAll(!all)}>${all ? "Only what stops it" : `All ${why.gates.length} gates`}</${Button}></div>
  </div>`;
};
