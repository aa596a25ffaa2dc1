// Who changed what: a list that opens to what was there before and after.
import { compared, nameOf, placeOf, pointsTo, reasonOf, spaced, written } from "../lib/audit_detail.js";
import { html, useEffect, useState } from "../lib/html.js";
import { shortId } from "../lib/format.js";
import { filter, href } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { Code } from "./copy.js";
import { Diff } from "./diff.js";
import { useFurther } from "./further.js";
import { Icon } from "./icons.js";
import { Awaited, Button, Card, Empty } from "./layout.js";
import { Time, told } from "./time.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;
const short = (id) => (UUID.test(id) ? `…${shortId(id)}` : id);

const Detail = ({ entry }) => {
  const { before, after, rest } = compared(entry);
  const links = pointsTo(entry);
  return html`<div class="audit-detail">
    <p class="faint">${told(entry.at)} · entry ${entry.seq}${entry.subjectId && html` · <span class="mono">${entry.subjectId}</span>`}${links.map(([word, to]) => html` · <a key=${to} href=${href(to)}>${word}</a>`)}</p>
    ${before && html`<${Diff} before=${before} after=${after} />`}
    ${Object.keys(rest).length > 0 && html`<${Code} text=${written(rest)} label="Details" />`}
  </div>`;
};

const Subject = ({ entry }) => {
  if (!entry.subjectId) return html`<span class="faint">–</span>`;
  const place = placeOf(entry);
  const name = nameOf(entry) ?? short(entry.subjectId);
  return place ? html`<a class="cut" href=${href(place)} title=${`${name} ${entry.subjectId}`}>${name}</a>` : html`<span class="cut" title=${entry.subjectId}>${name}</span>`;
};

const Entry = ({ entry, open, toggle, filters }) => {
  const reason = reasonOf(entry);
  const only = (name, value) => filters && html`<${Button} icon="search" tone="plain small only" title=${`Only ${value}`} aria-label=${`Only ${value}`} onClick=${() => filter({ [name]: value })} />`;
  return html`<tr class="opens ${open ? "opened" : ""}" onClick=${(event) => { if (!event.target.closest("a, button") && !getSelection()?.toString()) toggle(); }}>
      <td><button type="button" class="audit-open" aria-expanded=${open} aria-label=${`Details of entry ${entry.seq}`} onClick=${toggle}><${Icon} name=${open ? "down" : "chevron"} /></button><${Time} at=${entry.at} /></td>
      <td><span class="audit-who"><span class="cut who" title=${entry.actor}><b>${entry.actor}</b></span>${only("actor", entry.actor)}</span></td>
      <td>${spaced(entry.action)}</td>
      <td class="only-wide"><span class="tag">${entry.noun}</span></td>
      <td class="fill"><${Subject} entry=${entry} />${reason && html`<span class="cut faint small" title=${reason}>“${reason}”</span>`}</td>
      <td class="only-wide right">${entry.subjectId && only("subjectId", entry.subjectId)}</td>
    </tr>
    ${open && html`<tr class="audit-more"><td colspan="6"><${Detail} entry=${entry} /></td></tr>`}`;
};


/** @param {{query: Record<string, any>, filters?: boolean}} props filters = whether the entries offer filters of the address */
export const AuditTrail = ({ query, filters = false }) => {
  const asked = { limit: 50, ...query };
  const [opened, setOpened] = useState(new Set());
  const further = useFurther("/api/audit", asked, ({ seq }) => seq);
  const view = useView("/api/audit", asked, { on: /^(job|schedule|calendar|queue|worker|key)\./, every: 20000 });
  useEffect(() => { setOpened(new Set()); }, [JSON.stringify(query)]);
  const toggle = (seq) => setOpened((old) => { const next = new Set(old); next[next.has(seq) ? "delete" : "add"](seq); return next; });
  return html`<${Awaited} view=${view}>${(data) => {
    const entries = further.rows(data);
    if (entries.length === 0) return html`<${Card}><${Empty} title="No change is like that" icon="audit">${filters && html`<p><${Button} onClick=${() => filter({ noun: null, actor: null, subjectId: null })}>Show all changes</${Button}></p>`}</${Empty}></${Card}>`;
    return html`<${Card} flush=${true} title="Changes"><div class="scroller"><table class="audit" aria-label="Changes">
      <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">Did what</th><th scope="col" class="only-wide">To a</th><th scope="col">Named, and why</th><th scope="col" class="only-wide"><span class="unseen">Filters</span></th></tr></thead>
      <tbody>${entries.map((entry) => html`<${Entry} key=${entry.seq} entry=${entry} open=${opened.has(entry.seq)} toggle=${() => toggle(entry.seq)} filters=${filters} />`)}</tbody>
    </table></div>${further.button(data)}</${Card}>`;
  }}</${Awaited}>`;
};
