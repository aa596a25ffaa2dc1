// What a change does to the times at which a schedule fires: how many go, move and come, and the first of them.
import { absolute, count, number } from "../lib/format.js";
import { changesOf } from "../lib/fires.js";
import { html, useState } from "../lib/html.js";
import { Icon } from "./icons.js";
import { Button } from "./layout.js";

const FIRST = 8;
const LOOKS = { removed: ["bad", "close", "goes"], moved: ["warn", "chevron", "moves"], added: ["good", "plus", "comes"] };

/** @param {{difference: any, zone: string}} props */
export const FireDifference = ({ difference, zone }) => {
  const [all, setAll] = useState(false);
  const changes = changesOf(difference);
  const { counts } = difference;
  const told = (at) => absolute(at, zone, { seconds: false, weekday: true });
  const total = counts.removed + counts.moved + counts.added;
  return html`<div class="fire-difference stack">
    <div class="figures">${["removed", "moved", "added"].map((kind) => html`<div key=${kind} class="figure"><b class=${counts[kind] ? `ink-${LOOKS[kind][0]}` : "faint"}>${number(counts[kind])}</b><span>${kind}</span></div>`)}
      <div class="figure"><b>${number(counts.kept)}</b><span>stay as they are</span></div></div>
    <p class="faint small">Compared up to ${absolute(difference.to, zone, { seconds: false })} ${zone}.</p>
    ${total === 0 ? html`<p>No fire changes.</p>` : html`<ul class="changes" tabindex="0" aria-label="The first changes">${(all ? changes : changes.slice(0, FIRST)).map(({ kind, at, to }) => {
      const [tone, icon, word] = LOOKS[kind];
      return html`<li key=${kind + at}><span class="state tone-${tone}"><${Icon} name=${icon} />${word}</span><span>${told(at)}</span>${to && html`<span class="faint">to</span><span>${told(to)}</span>`}</li>`;
    })}</ul>
    ${changes.length > FIRST && html`<div class="row"><${Button} tone="small" aria-expanded=${all} onClick=${() => setAll(!all)}>${all ? "Only the first" : `Show ${count(changes.length, "change")}`}</${Button}>${changes.length < total && html`<span class="faint small">of ${number(total)}; the server tells the first 200 of a kind</span>`}</div>`}`}
  </div>`;
};
