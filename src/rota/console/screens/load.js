// The coming load: when how much fires, and how busy that keeps the workers; a cell opens the list of its fires.
import { count, duration, number } from "../lib/format.js";
import { html, useMemo } from "../lib/html.js";
import { filter } from "../lib/router.js";
import { daysOf } from "../lib/load.js";
import { useView } from "../lib/view.js";
import { Toggle } from "../parts/fields.js";
import { DaysHeat, HoursHeat, LoadTwin } from "../parts/heat.js";
import { Icon } from "../parts/icons.js";
import { Awaited, Button, Card, Empty, Head } from "../parts/layout.js";
import { Table } from "../parts/table.js";
import { Time, told, zoneFor } from "../parts/time.js";

const MOST = 200;
const SPANS = { week: 7, month: 31 };
const columns = (day) => [
  { key: "at", title: "When", cell: (row) => html`<span title=${told(row.at)}>${told(row.at).startsWith(day) ? "" : told(row.at).slice(5, 11)}${told(row.at).slice(11, 19)}</span>` },
  { key: "job", title: "Job", fill: true, cell: (row) => html`<span class="cut" title=${row.jobName}>${row.jobName}</span>` },
  { key: "took", title: "Usually", right: true, cell: (row) => duration(row.durationSeconds) },
];

/** The fires of a stretch of time. The server takes its beginning as exclusive. */
const Fires = ({ from, to }) => {
  const view = useView("/api/views/load/fires", { from: new Date(from - 1).toISOString(), to: new Date(to - 1).toISOString(), limit: MOST }, { on: /^schedule\./ });
  const close = html`<${Button} icon="close" tone="plain" title="Close" aria-label="Close the list" onClick=${() => filter({ from: null, to: null })} />`;
  return html`<${Card} title=${`${told(from).slice(0, 16)} to ${told(to).slice(11, 16)}`} beside=${close} flush=${true}><${Awaited} view=${view}>${({ items }) => (items.length === 0 ? html`<p class="nothing">Nothing fires any more.</p>`
    : html`<p class="nothing faint">${items.length >= MOST ? `The first ${MOST} fires` : count(items.length, "fire")} of ${count(new Set(items.map(({ jobId }) => jobId)).size, "job")}</p><div class="fire-list"><${Table} label="Fires" columns=${columns(told(from).slice(0, 10))} rows=${items} keyOf=${(row) => row.scheduleId + row.at} to=${(row) => `/schedules/${row.scheduleId}`} /></div>`)}</${Awaited}></${Card}>`;
};

export default function Load({ query }) {
  const span = query.view === "month" ? "month" : "week";
  const measure = query.by === "busy" ? "busy" : "fires";
  const view = useView("/api/views/load", { days: SPANS[span] }, { on: /^(schedule|job|calendar)\./, every: 300000 });
  const zone = zoneFor(null);
  const days = useMemo(() => (view.data ? daysOf(view.data, zone) : []), [view.data, zone]);
  const chosen = query.from && query.to && Number(query.to) > Number(query.from) ? { from: Number(query.from), to: Number(query.to) } : null;
  const open = ({ at, to }) => filter({ from: at, to });
  const Heat = span === "month" ? DaysHeat : HoursHeat;
  return html`<${Head} title="Calendar" beside=${html`<span class="faint">the coming load, in ${zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone}</span>`} />
    <div class="filters"><span class="choices" role="group" aria-label="What is shown"><${Toggle} pressed=${span === "week"} onClick=${() => filter({ view: null, from: null, to: null })}>Week by hour</${Toggle}><${Toggle} pressed=${span === "month"} onClick=${() => filter({ view: "month", from: null, to: null })}>Month by day</${Toggle}></span>
      <span class="choices" role="group" aria-label="By what"><${Toggle} pressed=${measure === "fires"} onClick=${() => filter({ by: null })}>Fires</${Toggle}><${Toggle} pressed=${measure === "busy"} onClick=${() => filter({ by: "busy" })}>How busy the workers are</${Toggle}></span></div>
    <${Awaited} view=${view}>${(data) => html`
      ${data.stoppedAt && html`<div class="banner tone-warn" role="status"><${Icon} name="warning" /><span>There is more than can be counted: figures end at <${Time} at=${data.stoppedAt} full=${true} />.</span></div>`}
      ${data.leftOut.map(({ why, schedules }) => html`<div key=${why} class="banner tone-warn" role="status"><${Icon} name="warning" /><span>${count(schedules, "schedule")} not counted: ${why}.</span></div>`)}
      ${measure === "busy" && data.slots === 0 && html`<div class="banner tone-warn" role="status"><${Icon} name="warning" /><span>No worker is alive: there are no slots to be busy.</span></div>`}
      <div class=${chosen ? "load-screen beside" : "load-screen"}>
        <${Card} title=${`${number(data.hours.reduce((sum, { fires }) => sum + fires, 0))} fires, ${duration(data.hours.reduce((sum, { busySeconds }) => sum + busySeconds, 0))} of work`} beside=${html`<span class="faint small">work = each fire × its job's median duration; ${count(data.slots, "slot")}</span>`}>
          ${data.hours.length === 0 ? html`<${Empty} title="Nothing is scheduled" icon="load"><p>What schedules will start in the next ${SPANS[span]} days shows here.</p></${Empty}>` : html`<${Heat} ...${{ days, measure, slots: data.slots, chosen }} onOpen=${open} /><${LoadTwin} days=${days} slots=${data.slots} onOpen=${open} />`}</${Card}>
        ${chosen && html`<${Fires} from=${chosen.from} to=${chosen.to} />`}</div>`}</${Awaited}>`;
}
