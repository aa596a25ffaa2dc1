// What a change of a calendar does to the schedules that go by it, before it is made.
import { count } from "../lib/format.js";
import { html, useEffect, useState } from "../lib/html.js";
import { href } from "../lib/router.js";
import { FireDifference } from "./fire_difference.js";
import { Refusal } from "./layout.js";

/** A difference tells its zone only in its summary, as the last word. */
const zoneOf = ({ summary }) => summary.split(" ").at(-1);

export const Effects = ({ effects }) => html`<div class="stack"><p>${effects.changed === 0
    ? html`<b>No fire changes.</b> ${effects.schedules === 0 ? "No schedule goes by this calendar." : `${count(effects.schedules, "schedule")} go by it.`}`
    : html`<b>${effects.changed} of ${count(effects.schedules, "schedule")}</b> will fire at other times${effects.compared < effects.schedules ? `; the newest ${effects.compared} were looked at` : ""}.`}</p>
  ${effects.items.map((one) => html`<details key=${one.scheduleId} open=${effects.items.length === 1}><summary><a href=${href(`/schedules/${one.scheduleId}`)} target="_blank">${one.jobName ?? one.scheduleId}</a> <span class="faint">${one.difference.summary}</span></summary><${FireDifference} difference=${one.difference} zone=${zoneOf(one.difference)} /></details>`)}</div>`;

/** The effects that `ask()` answers; again whenever `of` changes. @param {{ask: () => Promise<any>, of?: any}} props */
export const AwaitedEffects = ({ ask, of = null }) => {
  const [state, setState] = useState({ effects: null, problem: null });
  useEffect(() => {
    let wanted = true;
    ask().then((effects) => wanted && setState({ effects, problem: null }), (problem) => wanted && setState({ effects: null, problem }));
    return () => { wanted = false; };
  }, [JSON.stringify(of)]);
  if (state.problem) return html`<${Refusal} problem=${state.problem} />`;
  if (!state.effects) return html`<p class="faint" role="status">Looking at the schedules that go by it…</p>`;
  return html`<section class="effects" aria-label="What it does"><${Effects} effects=${state.effects} /></section>`;
};
