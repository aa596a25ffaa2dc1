// Inputs with their word, what they mean, and what is wrong with them.
import { cloneElement, html, useMemo } from "../lib/html.js";

let fields = 0;

/**
 * One input with its word. What it means, and what is wrong with it, describes it and is no part of its name.
 * @param {{word: any, says?: any, wrong?: string|null, children?: any, wide?: boolean}} props
 */
export const Field = ({ word, says = "", wrong = null, children, wide = false }) => {
  const id = useMemo(() => `field-${(fields += 1)}`, []);
  const told = wrong || says;
  const input = [children].flat().find((one) => one?.type);
  return html`<div class="field ${wide ? "whole" : ""}"><label class="field"><span>${word}</span>${told && input ? cloneElement(input, { "aria-describedby": id }) : children}</label>${told && html`<small id=${id} class=${wrong ? "wrong" : ""}>${told}</small>`}</div>`;
};

/** Several buttons under one word. */
export const Group = ({ word, says = "", wrong = null, children, wide = false }) => html`<div class="field ${wide ? "whole" : ""}" role="group" aria-label=${word}><span aria-hidden="true">${word}</span><span class="choices">${children}</span>${(wrong || says) && html`<small class=${wrong ? "wrong" : ""}>${wrong || says}</small>`}</div>`;

/** A button of a group that is pressed or not. */
export const Toggle = ({ pressed, onClick, children, ...rest }) => html`<button type="button" aria-pressed=${Boolean(pressed)} onClick=${onClick} ...${rest}>${children}</button>`;

/** @param {{value: any, options: [any, string][], onValue: (value: string) => void, [more: string]: any}} props */
export const Choice = ({ value, options, onValue, ...rest }) => html`<select value=${value} onChange=${(event) => onValue(event.target.value)} ...${rest}>${options.map(([key, word]) => html`<option key=${key} value=${key} selected=${String(key) === String(value)}>${word}</option>`)}</select>`;

/** @param {any} props */
export const Text = ({ value, onValue, wrong = null, ...rest }) => html`<input value=${value ?? ""} aria-invalid=${wrong ? "true" : undefined} onInput=${(event) => onValue(event.target.value)} ...${rest} />`;

/** A number; null while it is empty, because an empty box is no zero. @param {any} props */
export const Whole = ({ value, onValue, wrong = null, ...rest }) => html`<input type="number" value=${value ?? ""} aria-invalid=${wrong ? "true" : undefined} onInput=${(event) => onValue(event.target.value === "" ? null : Number(event.target.value))} ...${rest} />`;

/** A box that is ticked or not, with its word. @param {any} props */
export const Check = ({ checked, onValue, children, ...rest }) => html`<label class="check"><input type="checkbox" checked=${checked} onChange=${(event) => onValue(event.target.checked)} ...${rest} /> <span>${children}</span></label>`;
