// What a schedule will do: its next fires in its own clock and in UTC, what clocks and calendars do to them, what is withheld.
import { post } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { fireOf } from "../lib/fires.js";
import { Icon } from "./icons.js";
import { wordOf } from "./state.js";
import { Time } from "./time.js";

const SETTLE_MS = 250;
const MOST_WITHHELD = 8;
/** What the notes of a fire mean. */
export const NOTES = {
  dstShifted: "moved: this time does not exist on that day", dstRepeated: "comes twice: the clock goes back", rolled: "moved to a working day",
  moved: "moved by an exception", added: "added by an exception", condition: "if its condition holds then",
};

const Fire = ({ fire, before }) => {
  const told = fireOf(fire);
  const turned = before && fireOf(before).offset !== told.offset;
  return html`<li>${turned && html`<span class="turn">Clocks change: ${fireOf(before).offset} → ${told.offset}</span>`}<span class="when"><span class="day">${told.weekday}</span> ${told.date} <b>${told.time}</b></span><span class="faint">${told.offset === "+00:00" ? "UTC" : html`${told.offset} · ${told.utc} UTC`}</span>
      ${fire.notes.map((note) => html`<span key=${note} class="note"><${Icon} name=${note.startsWith("dst") ? "warning" : "info"} />${NOTES[note] ?? note}</span>`)}</li>`;
};

const Withheld = ({ skipped }) => html`<h3>Withheld <span class="faint">${skipped.length}</span></h3><ul>
  ${skipped.slice(0, MOST_WITHHELD).map((one) => {
    const told = fireOf({ at: one.nominal, local: one.nominal });
    return html`<li key=${one.nominal}><span class="when"><span class="day">${told.weekday}</span> ${told.date} <s>${told.time}</s></span><span class="note"><${Icon} name=${one.reason === "skippedCalendar" ? "calendar" : "skipped"} /><span><span class="unseen">${wordOf(one.reason)}: </span>${one.says}</span></span></li>`;
  })}</ul>${skipped.length > MOST_WITHHELD && html`<p class="faint">and ${skipped.length - MOST_WITHHELD} more</p>`}`;

/** @param {{schedule: any, onProblem?: (problem: any) => void, count?: number}} props */
export const Preview = ({ schedule, onProblem = () => {}, count = 10 }) => {
  const [state, setState] = useState({ data: null, problem: null });
  const [from, setFrom] = useState("");
  const asked = JSON.stringify([schedule, from, count]);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const data = await post("/api/schedules/preview", { schedule, count, ...(from ? { from: `${from}T00:00:00Z` } : {}) }, { signal: abort.signal });
        setState({ data, problem: null });
        onProblem(null);
      } catch (problem) {
        if (problem.name === "AbortError") return;
        setState((old) => ({ ...old, problem }));
        onProblem(problem);
      }
    }, SETTLE_MS);
    return () => { clearTimeout(timer); abort.abort(); };
  }, [asked]);
  const { data, problem } = state;
  return html`<section class="preview" aria-label="What it will do"><header class="row"><h2>Next fires</h2><span class="grow"></span><label class="row faint small">from <input type="date" aria-label="Show fires from this day" value=${from} onInput=${(event) => setFrom(event.target.value)} /></label></header>
    <p class="unseen" aria-live="polite">${problem ? problem.message : data ? `${data.items.length} fires, the first ${data.items[0]?.local ?? "never"}` : ""}</p>
    ${problem && html`<p class="wrong row"><${Icon} name="warning" /><span>${problem.errors?.[0]?.msg ?? problem.message}</span></p>`}
    ${data && html`<div class=${problem ? "outdated" : ""}>${data.items.length > 0
      ? html`${!from && html`<p class="faint small">The first one <${Time} at=${data.items[0].at} /></p>`}<ol>${data.items.map((fire, index) => html`<${Fire} key=${fire.at} fire=${fire} before=${data.items[index - 1]} />`)}</ol>`
      : html`<p class="faint">It never fires again.</p>`}
      ${data.skipped.length > 0 && html`<${Withheld} skipped=${data.skipped} />`}</div>`}
  </section>`;
};
