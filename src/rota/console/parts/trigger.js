// Start a job now or later: parameters by their schema, a key, and the same request for a terminal.
import { base, exactly, post } from "../lib/api.js";
import { html, useRef, useState } from "../lib/html.js";
import { overrides } from "../lib/schema.js";
import { asCommands } from "../lib/trigger_commands.js";
import { Code } from "./copy.js";
import { Dialog, over } from "./dialog.js";
import { Field, Text } from "./fields.js";
import { Button, Refusal } from "./layout.js";
import { Moment } from "./schedule_rule.js";
import { readersZone, SchemaForm } from "./schema_form.js";
import { say } from "./toast.js";

const WHEN = [["now", "Now"], ["delay", "After a while"], ["at", "At a time"]];
const KINDS = ["curl", "CLI", "Python"];

/** The request by what the form holds. */
const bodyOf = (job, value, { when, delay, at, key, beside }) => {
  const parameters = overrides(job.parameters, value);
  return {
    ...(parameters ? { parameters } : {}), ...(when === "at" && at ? { runAt: at } : {}), ...(when === "delay" && delay.trim() ? { delaySeconds: delay.trim() } : {}),
    ...(key.trim() ? { key: key.trim() } : {}), ...(beside ? { overlap: "allow" } : {}),
  };
};

const When = ({ form, set, wrong }) => html`<fieldset class="stack"><legend>When</legend><div class="row wide-gap">
  ${WHEN.map(([value, word]) => html`<label key=${value} class="check"><input type="radio" name="when" checked=${form.when === value} onChange=${() => set({ when: value })} /> ${word}</label>`)}</div>
  ${form.when === "delay" && html`<div class="grid"><${Field} word="Delay" says="such as 90s, 10m, 2h" wrong=${wrong("delaySeconds")}><${Text} required value=${form.delay} wrong=${wrong("delaySeconds")} onValue=${(delay) => set({ delay })} /></${Field}></div>`}
  ${form.when === "at" && html`<div class="grid"><${Moment} word="Start" required=${true} at=${form.at} zone=${readersZone()} wrong=${wrong("runAt")} onAt=${(at) => set({ at })} /></div>`}</fieldset>`;

const Elsewhere = ({ job, body }) => {
  const [shown, setShown] = useState("");
  return html`<div class="stack"><div class="row"><span class="faint small">The same from</span><div class="choices" role="group" aria-label="The same from elsewhere">${KINDS.map((one) => html`<button key=${one} type="button" aria-pressed=${shown === one} onClick=${() => setShown(shown === one ? "" : one)}>${one}</button>`)}</div></div>
    ${shown && html`<${Code} text=${asCommands(base, job, body)[shown]} label=${shown} />`}</div>`;
};

/** Look at the first field that is wrong. */
const toFirstWrong = (form) => setTimeout(() => form?.querySelector("[aria-invalid=true]")?.focus(), 0);

const Trigger = ({ job, close }) => {
  const [parameters, setParameters] = useState(/** @type {{value: any, wrong: Record<string, string>}} */ ({ value: job.parameters ?? {}, wrong: {} }));
  const [form, setForm] = useState({ when: "now", delay: "10m", at: null, key: "", beside: false });
  const [tried, setTried] = useState(false);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const place = useRef(null);
  const set = (changes) => setForm((old) => ({ ...old, ...changes }));
  const body = bodyOf(job, parameters.value, form);
  const wrong = (name) => problem?.of?.(name) ?? null;
  const submit = async (event) => {
    event.preventDefault();
    setTried(true);
    if (busy || Object.keys(parameters.wrong).length > 0) { toFirstWrong(place.current); return; }
    setBusy(true);
    setProblem(null);
    try {
      const made = await post(`/api/jobs/${job.id}/trigger`, body);
      say(`${job.name} is ${made.state === "Pending" ? "queued" : made.state.toLowerCase()}`, { to: `#/executions/${made.executionId ?? made.id}` });
      close(made);
    } catch (refusal) { setProblem(refusal); setBusy(false); toFirstWrong(place.current); }
  };
  return html`<${Dialog} title=${`Run ${job.name}`} onClose=${() => close(undefined)} wide=${true}><form ref=${place} onSubmit=${submit}>
    <${SchemaForm} schema=${job.parametersSchema} initial=${job.parameters} problem=${problem} tried=${tried} onChange=${setParameters} />
    <${When} form=${form} set=${set} wrong=${wrong} />
    <div class="grid"><${Field} word="Key (optional)" says="the same key again starts nothing new" wrong=${wrong("key")}><${Text} value=${form.key} maxlength="255" wrong=${wrong("key")} onValue=${(key) => set({ key })} /></${Field}>
      <div class="field"><span aria-hidden="true">Overlap</span><label class="check tall"><input type="checkbox" checked=${form.beside} onChange=${(event) => set({ beside: event.target.checked })} /> Also beside a run that still goes on</label></div></div>
    ${problem && html`<${Refusal} problem=${problem} />`}
    <${Elsewhere} job=${job} body=${body} />
    <footer><${Button} onClick=${() => close(undefined)}>Back</${Button}><button class="button primary" disabled=${busy}>${busy ? "…" : form.when === "now" ? "Run" : "Run later"}</button></footer>
  </form></${Dialog}>`;
};

/** Open the dialog. Resolves to the execution, or undefined. @param {{id: string}} job */
export async function trigger({ id }) {
  const job = await exactly(`/api/jobs/${id}`);
  return over((close) => html`<${Trigger} job=${job} close=${close} />`);
}
