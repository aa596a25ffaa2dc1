// Short answers to what somebody did: they go by themselves, and a screen reader says them.
import { html, signal } from "../lib/html.js";
import { Icon } from "./icons.js";

const SHOWN_MS = 6000;
const toasts = signal([]);
let number = 0;

/** @param {string} text @param {{tone?: string, to?: string|null, link?: string, undo?: (() => void)|null}} [options] */
export function say(text, { tone = "good", to = null, link = "Show", undo = null } = {}) {
  const id = (number += 1);
  toasts.value = [...toasts.value, { id, text, tone, to, link, undo }];
  setTimeout(() => drop(id), SHOWN_MS);
}

/** Say that something was refused. */
export const complain = (problem) => say(problem.message, { tone: "bad" });

const drop = (id) => { toasts.value = toasts.value.filter((one) => one.id !== id); };

export const Toasts = () => html`<div class="toasts" role="status" aria-live="polite">
  ${toasts.value.map(({ id, text, tone, to, link, undo }) => html`<div key=${id} class="toast tone-${tone}">
    <${Icon} name=${tone === "bad" ? "warning" : "succeeded"} /><span>${text}</span>
    ${to && html`<a href=${to} onClick=${() => drop(id)}>${link}</a>`}
    ${undo && html`<button type="button" class="linklike" onClick=${() => { drop(id); undo(); }}>Undo</button>`}
  </div>`)}
</div>`;
