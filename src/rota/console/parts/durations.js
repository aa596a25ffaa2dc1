// How long the last runs took: a dot each, over the band between the median and the 95th percentile.
import { html } from "../lib/html.js";
import { duration } from "../lib/format.js";
import { href } from "../lib/router.js";
import { toneOf, wordOf } from "./state.js";

const MOST = 50;
const LEAST = 3;
const ROOM = 92;

/** @param {{runs: any[], p50: number|null, p95: number|null}} props newest first */
export const Durations = ({ runs, p50, p95 }) => {
  const shown = runs.filter(({ durationSeconds }) => durationSeconds !== null).slice(0, MOST).reverse();
  if (shown.length < LEAST) return null;
  const most = Math.max(p95 ?? 0, ...shown.map(({ durationSeconds }) => durationSeconds)) || 1;
  const height = (seconds) => `${((seconds ?? 0) / most) * ROOM}%`;
  const across = (index) => `${((index + 0.5) / shown.length) * 100}%`;
  const told = `The last ${shown.length} runs took ${duration(Math.min(...shown.map((run) => run.durationSeconds)))} to ${duration(Math.max(...shown.map((run) => run.durationSeconds)))}; those that succeeded mostly ${duration(p50)} to ${duration(p95)}.`;
  return html`<figure class="durations" aria-label=${told}><div class="durations-plot">
    ${p50 !== null && p95 !== null && html`<span class="durations-band" style=${{ bottom: height(p50), height: `calc(${height(p95)} - ${height(p50)})` }}></span>`}
    ${shown.map((run, index) => html`<a key=${run.id} class=${`dot tone-${toneOf(run.state)}`} tabindex="-1" aria-hidden="true" href=${href(`/executions/${run.id}`)} title=${`${duration(run.durationSeconds)}, ${wordOf(run.state)}`} style=${{ left: across(index), bottom: height(run.durationSeconds) }}></a>`)}
    ${p50 !== null && html`<span class="durations-line" style=${{ bottom: height(p50) }}><i>half ${duration(p50)}</i></span>`}${p95 !== null && p95 !== p50 && html`<span class="durations-line" style=${{ bottom: height(p95) }}><i>19 of 20 ${duration(p95)}</i></span>`}
  </div><figcaption class="faint small">${shown.length} runs, the newest on the right</figcaption></figure>`;
};
