// How full something is: the figures, and a bar that says the same at a glance.
import { html } from "../lib/html.js";
import { number } from "../lib/format.js";

/** @param {{value: number, most: number|null, word: string}} props most null = there is no limit: figures only */
export const Gauge = ({ value, most, word }) => {
  const part = most ? Math.min(1, value / most) : 0;
  return html`<span class="gauge" title=${most === null ? `${number(value)} ${word}, no limit` : `${number(value)} of ${number(most)} ${word}`}>
    ${most === null ? html`<span class="gauge-none"></span>` : html`<span class="gauge-bar" aria-hidden="true"><i class=${part >= 1 ? "full" : ""} style=${{ width: `${part * 100}%` }}></i></span>`}
    <span class="gauge-figures">${number(value)}${most !== null && html`<span class="faint"> / ${number(most)}</span>`}</span></span>`;
};
