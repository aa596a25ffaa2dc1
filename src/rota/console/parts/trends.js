// How executions ended, day by day: seven days as bands, more of them as a chart with a table twin.
import { duration, number } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { filter } from "../lib/router.js";
import { dayName, secondsOf, shortNumber, summed } from "../lib/series.js";
import { useView } from "../lib/view.js";
import { Chart } from "./chart.js";
import { Awaited, Button, Card } from "./layout.js";
import { Table } from "./table.js";

const RANGES = [7, 30, 90];

const TWIN = [
  { key: "date", title: "Day (UTC)", fill: true, cell: (day) => dayName(day.date) },
  { key: "succeeded", title: "Succeeded", right: true, cell: (day) => number(day.succeeded) },
  { key: "failed", title: "Failed", right: true, cell: (day) => html`<span class=${day.failed ? "ink-bad" : "faint"}>${number(day.failed)}</span>` },
  { key: "cancelled", title: "Cancelled", right: true, roomy: true, cell: (day) => number(day.cancelled) },
  { key: "average", title: "Average", right: true, cell: (day) => duration(day.averageDurationSeconds) },
];

/** What the marks of the chart mean, with the figures of a day or of all of them. */
const Figures = ({ of, says }) => html`<b>${says}</b>
  <span><i class="look look-good" aria-hidden="true"></i>${number(of.succeeded)} succeeded</span><span><i class="look look-bad hatch" aria-hidden="true"></i>${number(of.failed)} failed</span>
  <span><i class="look look-cancelled" aria-hidden="true"></i>${number(of.cancelled)} cancelled</span><span><i class="look look-line" aria-hidden="true"></i>${duration(of.averageDurationSeconds)} on average</span>`;

const Trend = ({ days, table }) => {
  const view = useView("/api/dashboard/trends", { days }, { every: 60000 });
  return html`<${Awaited} view=${view}>${({ items }) => (table
    ? html`<${Table} label=${`The last ${days} days`} columns=${TWIN} rows=${[...items].reverse()} keyOf=${(day) => day.date} />`
    : html`<${Chart} label=${`Executions of the last ${days} days by their outcome, and their average duration`} times=${items.map(({ date }) => secondsOf(date))}
      bars=${[{ colour: "good-bar", values: items.map(({ succeeded }) => succeeded) }, { colour: "bad-bar", hatched: true, values: items.map(({ failed }) => failed) }, { colour: "off-bar", values: items.map(({ cancelled }) => cancelled) }]}
      lines=${[{ colour: "accent", values: items.map(({ averageDurationSeconds }) => averageDurationSeconds) }]} tickOf=${{ bars: shortNumber, lines: duration }}
      tell=${(index) => (index === null || !items[index] ? html`<${Figures} of=${summed(items)} says=${`${items.length} days`} />` : html`<${Figures} of=${items[index]} says=${dayName(items[index].date)} />`)} />`)}</${Awaited}>`;
};

/** The card: `query.days` of the address says how many; `week` draws the seven that the screen already has. */
export const Trends = ({ query, week }) => {
  const days = RANGES.find((one) => String(one) === query.days) ?? RANGES[0];
  const [table, setTable] = useState(false);
  const beside = html`<span class="row">${days > 7 && html`<${Button} tone="small" aria-pressed=${table} onClick=${() => setTable(!table)}>${table ? "Chart" : "Table"}</${Button}>`}
    <span class="choices" role="group" aria-label="How many days">${RANGES.map((one) => html`<button key=${one} type="button" aria-pressed=${one === days} onClick=${() => filter({ days: one === 7 ? null : one })}><span aria-hidden="true">${one} d</span><span class="unseen">${one} days</span></button>`)}</span></span>`;
  return html`<${Card} title=${`Last ${days} days`} wide=${true} flush=${true} beside=${beside}>${days === 7 ? week : html`<${Trend} key=${days} days=${days} table=${table} />`}</${Card}>`;
};
