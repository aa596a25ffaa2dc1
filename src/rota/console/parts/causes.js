// What became of an execution: each step with its time and its cause, oldest first.
import { absolute, shortId } from "../lib/format.js";
import { html } from "../lib/html.js";
import { Icon } from "./icons.js";
import { toneOf } from "./state.js";
import { told, zoneFor } from "./time.js";

const ICONS = { accepted: "plus", started: "play", due: "pending", TimedOut: "expired", Lost: "failed" };
const ID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;

/** @param {{causes: {seq: number, at: string, kind: string, says: string}[]}} props */
export const Causes = ({ causes }) => {
  const clocks = causes.map(({ at }) => absolute(at, zoneFor(null)));
  return html`<ol class="causes">${causes.map((one, index) => {
    const [day, time] = clocks[index].split(" ");
    return html`<li key=${one.seq} class=${`step-${toneOf(one.kind)}`}><span class="step-mark" aria-hidden="true"><${Icon} name=${ICONS[one.kind] ?? one.kind.toLowerCase()} /></span>
      <span title=${one.says}>${one.says.replace(ID, shortId)}</span><time class="faint nowrap" datetime=${one.at} title=${told(one.at, null)}>${day !== clocks[index - 1]?.split(" ")[0] && html`<span class="step-day">${day} </span>`}${time}</time></li>`;
  })}</ol>`;
};
