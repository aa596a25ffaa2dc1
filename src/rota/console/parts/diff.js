// Two definitions, and what differs.
import { diffLines, written } from "../lib/diff.js";
import { html } from "../lib/html.js";

const SIGNS = { same: " ", out: "−", in: "+" };
const WORDS = { same: "", out: "taken away: ", in: "added: " };

/** @param {{before: any, after: any, around?: number}} props */
export const Diff = ({ before, after, around = 2 }) => {
  const lines = diffLines(written(before), written(after));
  const near = lines.map((_, index) => lines.slice(Math.max(0, index - around), index + around + 1).some(([kind]) => kind !== "same"));
  if (!near.some(Boolean)) return html`<p class="faint">Nothing differs.</p>`;
  return html`<div class="diff mono" role="group" aria-label="What differs">${lines.map(([kind, line], index) => near[index]
    ? html`<div key=${index} class=${`line ${kind}`}><span aria-hidden="true">${SIGNS[kind]}</span><span class="unseen">${WORDS[kind]}</span>${line}</div>`
    : near[index - 1] && html`<div key=${index} class="line gap">⋯</div>`)}</div>`;
};
