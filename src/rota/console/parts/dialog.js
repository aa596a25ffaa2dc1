// Dialogs: the browser's own <dialog>, which keeps the focus and closes by Escape.
import { html, render, useEffect, useRef, useState } from "../lib/html.js";
import { Button, Refusal } from "./layout.js";

/** @param {{title: string, onClose: () => void, children?: any, wide?: boolean}} props */
export const Dialog = ({ title, onClose, children, wide = false }) => {
  const ref = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    ref.current.showModal();
    if (!ref.current.querySelector("[autofocus]")) ref.current.querySelector("form :is(input, select, textarea)")?.focus();  // rather than the button that closes it
    return () => { if (before instanceof HTMLElement) before.focus(); };
  }, []);
  return html`<dialog ref=${ref} class=${wide ? "wide" : ""} aria-label=${title} onClose=${onClose} onCancel=${onClose}
    onClick=${(event) => { if (event.target === ref.current) onClose(); }}>
    <div class="dialog"><header><h2>${title}</h2><${Button} icon="close" title="Close" aria-label="Close" tone="plain" onClick=${onClose} /></header>${children}</div>
  </dialog>`;
};

/** Show something over the page until it calls `close(value)`. Resolves to that value; undefined = closed. */
export function over(make) {
  return new Promise((resolve) => {
    const place = document.createElement("div");
    document.body.append(place);
    const close = (value) => { render(null, place); place.remove(); resolve(value); };
    render(make(close), place);
  });
}

const TYPE_ABOVE = 100;

const Confirm = ({ title, says, many, verb, tone, reason, word, act, close }) => {
  const wanted = word ?? (many > TYPE_ABOVE ? String(many) : null);
  const [text, setText] = useState("");
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const blocked = (reason === "required" && !text.trim()) || (wanted !== null && typed.trim() !== wanted) || busy;
  const submit = async (event) => {
    event.preventDefault();
    if (blocked) return;
    setBusy(true);
    try { close((await act(text.trim() || null)) ?? true); } catch (refusal) { setProblem(refusal); setBusy(false); }
  };
  return html`<${Dialog} title=${title} onClose=${() => close(undefined)}><form onSubmit=${submit}>
    <div class="said">${says}</div>
    ${reason && html`<label class="field">Reason${reason === "required" ? "" : " (optional)"}<input autofocus value=${text} maxlength="500" onInput=${(event) => setText(event.target.value)} placeholder="goes into the audit" /></label>`}
    ${wanted !== null && html`<label class="field"><span>Type <b>${wanted}</b> to go on</span><input value=${typed} autocomplete="off" inputmode=${word === null ? "numeric" : "text"} onInput=${(event) => setTyped(event.target.value)} /></label>`}
    ${problem && html`<${Refusal} problem=${problem} />`}
    <footer><${Button} onClick=${() => close(undefined)}>Back</${Button}><button class="button ${tone}" disabled=${blocked}>${busy ? "…" : verb}</button></footer>
  </form></${Dialog}>`;
};

/**
 * Ask before something is done: what, how many, why. `act(reason)` does it; a refusal stays in the dialog.
 * Above a hundred the number is typed; `word` = what is typed instead, however many.
 * Resolves to what `act` returned (true for nothing); undefined = not done.
 * @param {{title: string, says: any, verb: string, act: (reason: string|null) => Promise<any>, many?: number, tone?: string, reason?: ""|"optional"|"required", word?: string|null}} question
 */
export const confirm = ({ title, says, verb, act, many = 1, tone = "primary", reason = "optional", word = null }) =>
  over((close) => html`<${Confirm} ...${{ title, says, verb, act, many, tone, reason, word, close }} />`);

