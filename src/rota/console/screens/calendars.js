// Business calendars: who goes by them, and their next day off.
import { may } from "../lib/api.js";
import { count } from "../lib/format.js";
import { html } from "../lib/html.js";
import { go } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { weekdayOf } from "../lib/fires.js";
import { newCalendar } from "../parts/calendar_form.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Empty, Head } from "../parts/layout.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { complain } from "../parts/toast.js";

const COLUMNS = [
  { key: "name", title: "Calendar", fill: true, cell: (row) => html`<span class="cut strong">${row.name}</span>${row.description && html`<span class="cut small faint">${row.description}</span>`}` },
  { key: "off", title: "Next day off", cell: (row) => (row.nextDayOff ? html`${weekdayOf(row.nextDayOff.date)} ${row.nextDayOff.date}<span class="cut small faint rule" title=${row.nextDayOff.name}>${row.nextDayOff.name}</span>` : html`<span class="faint">none</span>`) },
  { key: "users", title: "Schedules", right: true, cell: (row) => (row.users ? row.users : html`<span class="faint">none</span>`) },
  { key: "weekend", title: "Weekend", wide: true, cell: (row) => (row.weekend === null ? html`<span class="faint">as its source</span>` : row.weekend.length ? row.weekend.join(", ") : "none") },
  { key: "changed", title: "Changed", wide: true, right: true, cell: (row) => html`<${Time} at=${row.updatedAt} />` },
];

export default function Calendars() {
  const view = useView("/api/views/calendars", {}, { on: /^(calendar|schedule)\./, every: 60000 });
  const create = () => may("edit") && newCalendar().then((made) => made && go(`/calendars/${encodeURIComponent(made.name)}`), complain);
  useShortcut("n", "New calendar", create);
  const action = may("edit") && html`<${Button} icon="plus" tone="primary" title="New calendar (n)" onClick=${create}>New calendar</${Button}>`;
  return html`<${Head} title="Business calendars">${action}</${Head}>
    <${Awaited} view=${view}>${({ items }) => (items.length === 0
      ? html`<${Card}><${Empty} title="No calendars yet" icon="calendar"><p>A calendar says which days are worked: public holidays of a country, days of a market, days of your own. Schedules skip its days off, or move to the next working day.</p>${action}</${Empty}></${Card}>`
      : html`<${Card} flush=${true} title=${count(items.length, "calendar")}><${Table} label="Calendars" columns=${COLUMNS} rows=${items} keyOf=${(row) => row.name} to=${(row) => `/calendars/${encodeURIComponent(row.name)}`} /></${Card}>`)}</${Awaited}>`;
}
