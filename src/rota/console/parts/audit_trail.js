// Who changed what: a list that opens to the details.
import { get } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { href } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { Code } from "./copy.js";
import { Awaited, Card, Empty, More } from "./layout.js";
import { Time } from "./time.js";
import { complain } from "./toast.js";

const PLACES = { job: "/jobs/", schedule: "/schedules/", execution: "/executions/", calendar: "/calendars/" };

const Entry = ({ entry }) => {
  const [open, setOpen] = useState(false);
  const place = PLACES[entry.noun];
  const detail = Object.keys(entry.detail ?? {}).length > 0;
  return html`<li class="entry"><div class="row"><span class="when"><${Time} at=${entry.at} /></span><b>${entry.actor}</b><span>${entry.action}</span><span class="tag">${entry.noun}</span>
      ${entry.subjectId && (place ? html`<a class="cut" href=${href(`${place}${encodeURIComponent(entry.subjectId)}`)}>${entry.subjectId}</a>` : html`<span class="cut">${entry.subjectId}</span>`)}
      ${entry.detail?.reason && html`<span class="faint cut">“${entry.detail.reason}”</span>`}<span class="grow"></span>
      ${detail && html`<button type="button" class="linklike" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? "Less" : "Details"}</button>`}</div>
    ${open && html`<${Code} text=${JSON.stringify(entry.detail, null, 2)} label="Details" />`}</li>`;
};

/** @param {{query: Record<string, any>}} props */
export const AuditTrail = ({ query }) => {
  const view = useView("/api/audit", { limit: 40, ...query }, { every: 20000 });
  const [more, setMore] = useState({ items: [], cursor: undefined });
  useEffect(() => { setMore({ items: [], cursor: undefined }); }, [JSON.stringify(query)]);
  const load = (cursor) => get("/api/audit", { limit: 40, ...query, cursor }).then((page) => setMore({ items: [...more.items, ...page.items], cursor: page.nextCursor }), complain);
  return html`<${Awaited} view=${view}>${(data) => (data.items.length === 0 ? html`<${Card}><${Empty} title="Nothing was changed" icon="audit" /></${Card}>`
    : html`<${Card} title="Changes"><ul class="entries">${[...data.items, ...more.items.filter(({ seq }) => !data.items.some((one) => one.seq === seq))].map((entry) => html`<${Entry} key=${entry.seq} entry=${entry} />`)}</ul><${More} cursor=${more.cursor === undefined ? data.nextCursor : more.cursor} onMore=${load} /></${Card}>`)}</${Awaited}>`;
};
