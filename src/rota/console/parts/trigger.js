// Start a job now or later: parameters by their schema, a key, and the same request for a terminal.
import { base, get, post } from "../lib/api.js";
import { html, useState } from "../lib/html.js";
import { asCommands } from "../lib/schema.js";
import { Code } from "./copy.js";
import { Dialog, over } from "./dialog.js";
import { Button, Refusal } from "./layout.js";
import { SchemaForm } from "./schema_form.js";
import { say } from "./toast.js";

const Trigger = ({ job, close }) => {
  const [parameters, setParameters] = useState({ value: job.parameters ?? {}, wrong: false });
  const [when, setWhen] = useState("now");
  const [at, setAt] = useState("");
  const [delay, setDelay] = useState("10m");
  const [key, setKey] = useState("");
  const [beside, setBeside] = useState(false);
  const [shown, setShown] = useState("");
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const body = {
    ...(parameters.value && JSON.stringify(parameters.value) !== JSON.stringify(job.parameters ?? {}) ? { parameters: parameters.value } : {}),
    ...(when === "at" && at ? { runAt: new Date(at).toISOString() } : {}),
    ...(when === "delay" && delay ? { delaySeconds: delay } : {}),
    ...(key.trim() ? { key: key.trim() } : {}), ...(beside ? { overlap: "allow" } : {}),
  };
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const made = await post(`/api/jobs/${job.id}/trigger`, body);
      say(`${job.name} is ${made.state === "Pending" ? "queued" : made.state.toLowerCase()}`, { to: `#/executions/${made.id}` });
      close(made);
    } catch (refusal) { setProblem(refusal); setBusy(false); }
  };
  const commands = shown && asCommands(base, job, body);
  return html`<${Dialog} title=${`Run ${job.name}`} onClose=${() => close(undefined)} wide=${true}><form onSubmit=${submit}>
    <${SchemaForm} schema=${job.parametersSchema} initial=${job.parameters} problem=${problem} onChange=${setParameters} />
    <fieldset class="row"><legend>When</legend>
      ${[["now", "Now"], ["delay", "After"], ["at", "At"]].map(([value, word]) => html`<label key=${value} class="check"><input type="radio" name="when" checked=${when === value} onChange=${() => setWhen(value)} /> ${word}</label>`)}
      ${when === "delay" && html`<input aria-label="Delay, such as 10m" value=${delay} onInput=${(event) => setDelay(event.target.value)} />`}
      ${when === "at" && html`<input type="datetime-local" aria-label="Time, in your zone" required value=${at} onInput=${(event) => setAt(event.target.value)} />`}
    </fieldset>
    <label class="field">Key (optional)<input value=${key} maxlength="255" placeholder="the same key starts nothing twice" onInput=${(event) => setKey(event.target.value)} /></label>
    <label class="check"><input type="checkbox" checked=${beside} onChange=${(event) => setBeside(event.target.checked)} /> Also beside a run that is still going on</label>
    ${problem && html`<${Refusal} problem=${problem} />`}
    <div class="choices" role="group" aria-label="The same for a terminal">${["curl", "CLI", "Python"].map((one) => html`<button key=${one} type="button" aria-pressed=${shown === one} onClick=${() => setShown(shown === one ? "" : one)}>${one}</button>`)}</div>
    ${commands && html`<${Code} text=${commands[shown]} label=${shown} />`}
    <footer><${Button} onClick=${() => close(undefined)}>Back</${Button}><button class="button primary" disabled=${busy || parameters.wrong}>${busy ? "…" : "Run"}</button></footer>
  </form></${Dialog}>`;
};

/** Open the dialog. Resolves to the execution, or undefined. @param {{id: string}} job */
export async function trigger({ id }) {
  const job = await get(`/api/jobs/${id}`);
  return over((close) => html`<${Trigger} job=${job} close=${close} />`);
}
