// What a job was at each version: what changed, and the way back.
import { exactly, may } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { Diff } from "./diff.js";
import { editable, rollBack } from "./job_actions.js";
import { Button, Card, More, Refusal } from "./layout.js";
import { Time } from "./time.js";

const PAGE = 50;

const Version = ({ version, before, first, open, onOpen, onBack }) => html`<li><div class="row"><b>Version ${version.version}</b>${first && html`<span class="tag">now</span>`}<span class="faint">by ${version.changedBy}, <${Time} at=${version.changedAt} /></span><span class="grow"></span>
    ${before ? html`<${Button} tone="small" aria-expanded=${open} onClick=${onOpen}>What changed</${Button}>` : version.version === 1 && html`<span class="faint">the first one</span>`}
    ${!first && onBack && html`<${Button} tone="small" onClick=${onBack}>Roll back to this</${Button}>`}</div>
  ${open && before && html`<${Diff} before=${before.definition} after=${version.definition} />`}</li>`;

/** @param {{job: any, schedules: any[], again: () => void}} props */
export const Versions = ({ job, schedules, again }) => {
  const [state, setState] = useState({ items: null, cursor: null, problem: null });
  const [open, setOpen] = useState(job.version);
  const load = (cursor) => exactly(`/api/jobs/${job.id}/versions`, { limit: PAGE, cursor }).then(
    (page) => setState((old) => ({ items: [...(cursor ? old.items : []), ...page.items], cursor: page.nextCursor, problem: null })), (problem) => setState((old) => ({ ...old, problem })));
  useEffect(() => { load(null); setOpen(job.version); }, [job.id, job.version]);
  const { items, cursor, problem } = state;
  if (problem && !items) return html`<${Refusal} problem=${problem} again=${() => load(null)} />`;
  if (!items) return html`<p class="loading" role="status">Loading…</p>`;
  const back = (version) => rollBack(job, items[0].definition, version, schedules).then((done) => { if (done) again(); });
  return html`<${Card} title="Versions">${may("edit") && job.source === "code" && html`<p class="faint">This job comes with code: its definition is changed there.</p>`}
    <ol class="versions">${items.map((version, index) => html`<${Version} key=${version.version} version=${version} before=${items[index + 1]} first=${index === 0} open=${open === version.version}
      onOpen=${() => setOpen(open === version.version ? null : version.version)} onBack=${editable(job) ? () => back(version) : null} />`)}</ol><${More} cursor=${cursor} onMore=${load} /></${Card}>`;
};
