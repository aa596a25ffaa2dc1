// The attempts of an execution side by side, so that what differs is seen; on a narrow screen one below the other.
import { html } from "../lib/html.js";
import { duration, shortId } from "../lib/format.js";
import { Code } from "./copy.js";
import { State } from "./state.js";
import { Time, now } from "./time.js";

const took = (one) => (one.finishedAt ? duration(one.durationSeconds) : html`${duration(Math.max(0, (now.value - Date.parse(one.startedAt)) / 1000))}<span class="faint"> so far</span>`);
const worker = (one) => html`<span class="mono" title=${one.workerId ?? ""}>${shortId(one.workerId) || "–"}</span>`;

/** The number of the attempt before that ended with the same words; null = these are new. */
const sameAs = (attempts, index) => attempts.slice(0, index).find((one) => one.errorMessage === attempts[index].errorMessage)?.number ?? null;

const Outcome = ({ attempts, index }) => {
  const { errorMessage, stackTrace } = attempts[index];
  if (!errorMessage) return html`<span class="faint">–</span>`;
  const same = sameAs(attempts, index);
  if (same !== null) return html`<span class="faint" title=${errorMessage}>the same as attempt ${same}</span>`;
  return html`<span class="error">${errorMessage}</span>${stackTrace && html`<details><summary>Stack</summary><${Code} text=${stackTrace} label=${`Stack of attempt ${attempts[index].number}`} /></details>`}`;
};

/** How long after the attempt before has ended it began. */
const pause = (attempts, index) => {
  const before = attempts[index - 1]?.finishedAt;
  return before ? html`<span class="faint">after ${duration(Math.max(0, (Date.parse(attempts[index].startedAt) - Date.parse(before)) / 1000))}</span>` : html`<span class="faint">–</span>`;
};

/** @type {[string, (attempts: any[], index: number) => any][]} */
const ROWS = [
  ["State", (attempts, i) => html`<${State} value=${attempts[i].state} />`],
  ["Began", (attempts, i) => html`<${Time} at=${attempts[i].startedAt} />`],
  ["Waited", pause],
  ["Took", (attempts, i) => took(attempts[i])],
  ["Worker", (attempts, i) => worker(attempts[i])],
  ["Error", (attempts, index) => html`<${Outcome} attempts=${attempts} index=${index} />`],
];

const Beside = ({ attempts }) => html`<div class="scroller attempts-beside" tabindex="0" role="group" aria-label="Attempts side by side"><table aria-label="Attempts side by side">
  <thead><tr><td></td>${attempts.map((one) => html`<th key=${one.token} scope="col">Attempt ${one.number}</th>`)}</tr></thead>
  <tbody>${ROWS.map(([word, cell]) => html`<tr key=${word}><th scope="row">${word}</th>${attempts.map((one, index) => html`<td key=${one.token}>${cell(attempts, index)}</td>`)}</tr>`)}</tbody></table></div>`;

const List = ({ attempts, twin }) => html`<div class="scroller ${twin ? "attempts-list" : ""}"><table aria-label="Attempts"><thead><tr><th scope="col">Attempt</th><th scope="col">State</th><th scope="col" class="not-narrow">Began</th><th scope="col" class="right">Took</th><th scope="col" class="only-wide">Worker</th><th scope="col">Error</th></tr></thead>
  <tbody>${attempts.map((one, index) => html`<tr key=${one.token}><td>${one.number}</td><td><${State} value=${one.state} /></td><td class="not-narrow"><${Time} at=${one.startedAt} /></td><td class="right">${took(one)}</td><td class="only-wide">${worker(one)}</td><td class="fill"><span class="cut" title=${one.errorMessage ?? ""}>${sameAs(attempts, index) !== null && one.errorMessage ? html`<span class="faint">the same as attempt ${sameAs(attempts, index)}</span>` : one.errorMessage ?? ""}</span></td></tr>`)}</tbody></table></div>`;

export const Attempts = ({ attempts }) => {
  if (!attempts.length) return html`<p class="nothing">None has begun.</p>`;
  return html`${attempts.length > 1 && html`<${Beside} attempts=${attempts} />`}<${List} attempts=${attempts} twin=${attempts.length > 1} />`;
};
