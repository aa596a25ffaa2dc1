// A short form over the page: its fields, what the server refuses, and the way back.
import { html, useState } from "../lib/html.js";
import { Dialog, over } from "./dialog.js";
import { Button, Refusal } from "./layout.js";

const Form = ({ title, verb, values, fields, act, close }) => {
  const [state, setState] = useState(values);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const set = (name, value) => setState((old) => ({ ...old, [name]: value }));
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    try { close((await act(state)) ?? true); } catch (refusal) { setProblem(refusal); setBusy(false); }
  };
  const unplaced = problem && !(problem.errors ?? []).some(({ loc }) => loc.at(-1) in values);
  return html`<${Dialog} title=${title} onClose=${() => close(undefined)}><form onSubmit=${submit}>
    ${fields(state, set, problem)}
    ${unplaced && html`<${Refusal} problem=${problem} />`}
    <footer><${Button} onClick=${() => close(undefined)}>Back</${Button}><button class="button primary" disabled=${busy}>${busy ? "…" : verb}</button></footer>
  </form></${Dialog}>`;
};

/**
 * `fields(values, set, problem)` draws the form; `act(values)` sends it, and a refusal stays in the dialog.
 * Resolves to what `act` returned; undefined = not done.
 * @param {{title: string, verb: string, values: Record<string, any>, fields: (values: any, set: (name: string, value: any) => void, problem: any) => any, act: (values: any) => Promise<any>}} form
 */
export const ask = (form) => over((close) => html`<${Form} ...${form} close=${close} />`);

/** One field: its label, its input, what it means, what is wrong with it. @param {any} props */
export const Field = ({ label, name, values, set, problem, says = "", children = null, ...rest }) => {
  const wrong = problem?.of?.(name);
  const told = wrong || says ? `about-${name}` : undefined;
  return html`<div class="field-told"><label class="field">${label}
    ${children ?? html`<input name=${name} value=${values[name]} aria-invalid=${wrong ? "true" : undefined} aria-describedby=${told} onInput=${(event) => set(name, event.target.value)} ...${rest} />`}</label>
    ${wrong ? html`<span class="wrong" id=${told} role="alert">${wrong}</span>` : says && html`<small id=${told}>${says}</small>`}</div>`;
};

/** "a, b" as ["a", "b"]; nothing as null. */
export const words = (text) => { const found = text.split(/[\s,]+/).filter(Boolean); return found.length ? found : null; };
