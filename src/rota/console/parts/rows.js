// Executions as a list: the same columns on every screen.
import { html } from "../lib/html.js";
import { duration } from "../lib/format.js";
import { State } from "./state.js";
import { Time, now } from "./time.js";

const ORIGINS = { schedule: "schedule", manual: "by hand", submission: "submitted", replay: "retry", backfill: "backfill" };

/** How long it took, or has taken so far. */
const Took = ({ row }) => (row.durationSeconds === null && row.startedAt && ["Running", "Cancelling"].includes(row.state) && !row.gone
  ? html`<span class="ink-busy" title="so far">${duration(Math.max(0, Math.floor((now.value - Date.parse(row.startedAt)) / 1000)))}</span>` : duration(row.durationSeconds));

/** @param {{job?: boolean}} [which] job = whether the name of the job is told */
export const executionColumns = ({ job = true } = {}) => [
  { key: "state", title: "State", cell: (row) => html`<${State} value=${row.state} />` },
  ...(job ? [{ key: "job", title: "Job", fill: true, cell: (row) => html`<span class="cut" title=${row.name ?? row.type}>${row.name ?? row.type}</span>${row.error && html`<span class="cut small ink-bad" title=${row.error}>${row.error}</span>`}` }]
    : [{ key: "error", title: "Outcome", fill: true, cell: (row) => html`<span class="cut" title=${row.error ?? ""}>${row.error ?? (row.progress ? `${Math.round(row.progress.fraction * 100)} % ${row.progress.message ?? ""}` : "")}</span>` }]),
  { key: "when", title: "Started", cell: (row) => html`<${Time} at=${row.startedAt ?? row.dueAt} />` },
  { key: "took", title: "Took", right: true, roomy: true, cell: (row) => html`<${Took} row=${row} />` },
  { key: "attempt", title: "Attempt", right: true, wide: true, cell: (row) => html`${row.attempt}<span class="faint"> of ${row.maxAttempts}</span>` },
  { key: "trigger", title: "By", wide: true, cell: (row) => html`<span class="cut who" title=${row.actor ?? ""}>${ORIGINS[row.trigger] ?? row.trigger}${row.actor ? html` <span class="faint">${row.actor}</span>` : ""}</span>` },
  { key: "queue", title: "Queue", wide: true, cell: (row) => html`<span class="cut who">${row.queue}</span>` },
];
