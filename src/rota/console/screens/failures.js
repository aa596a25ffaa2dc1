// Dead letters and missed instants: grouped by what is the same, run again one by one or all at once.
import { get, may } from "../lib/api.js";
import { html, useState } from "../lib/html.js";
import { count, number } from "../lib/format.js";
import { filter, href } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { retryMany } from "../parts/bulk.js";
import { Awaited, Button, Card, Empty, Head } from "../parts/layout.js";
import { executionColumns } from "../parts/rows.js";
import { State } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { complain } from "../parts/toast.js";

const SPANS = [["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"]];

const Members = ({ fingerprint, since }) => {
  const view = useView(`/api/views/failures/${fingerprint}`, { since });
  const [chosen, setChosen] = useState(new Set());
  return html`<${Awaited} view=${view}>${({ items, ids }) => html`
    ${may("operate") && chosen.size > 0 && html`<p class="row inset"><${Button} tone="small" icon="retrying" onClick=${() => retryMany([...chosen]).then(() => setChosen(new Set()), complain)}>Run ${chosen.size} again</${Button}></p>`}
    <${Table} label="Executions of this kind" columns=${executionColumns()} rows=${items} to=${(row) => `/executions/${row.id}`} chosen=${may("operate") ? chosen : null} onChoose=${setChosen} />
    ${ids.length > items.length && html`<p class="inset faint">The newest ${items.length} of ${number(ids.length)}.</p>`}`}</${Awaited}>`;
};

const Group = ({ group, since, again }) => {
  const [open, setOpen] = useState(false);
  const all = async () => {
    try {
      const { ids } = await get(`/api/views/failures/${group.fingerprint}`, { since });
      if (await retryMany(ids, `all ${count(ids.length, "failure")} of this kind`)) again();
    } catch (problem) { complain(problem); }
  };
  return html`<${Card} flush=${true}><div class="group"><div class="row"><b class="many">${number(group.count)}×</b><button type="button" class="linklike error" aria-expanded=${open} onClick=${() => setOpen(!open)}>${group.error}</button></div>
      <div class="row faint small">last <${Time} at=${group.lastAt} />, first <${Time} at=${group.firstAt} />${group.jobs.map((job) => html`<a key=${job.id} class="tag" href=${href(`/jobs/${job.id}`)}>${job.name || "submission"} ${job.count > 1 ? `× ${number(job.count)}` : ""}</a>`)}</div>
      <div class="row"><${Button} tone="small" onClick=${() => setOpen(!open)} aria-expanded=${open}>${open ? "Close" : "Show them"}</${Button}><a class="button small" href=${href(`/executions/${group.example}`)}>The newest</a>${may("operate") && html`<${Button} tone="small" icon="retrying" onClick=${all}>Run all again</${Button}>`}</div></div>
    ${open && html`<${Members} fingerprint=${group.fingerprint} since=${since} />`}</${Card}>`;
};

const MISSED = [
  { key: "job", title: "Job", fill: true, cell: (row) => html`<span class="cut">${row.jobName}</span>` },
  { key: "what", title: "What became of it", cell: (row) => html`<${State} value=${row.decision} />` },
  { key: "count", title: "Instants", right: true, cell: (row) => number(row.count) },
  { key: "reason", title: "Why", wide: true, fill: true, cell: (row) => html`<span class="cut faint" title=${row.reason ?? ""}>${row.reason ?? ""}</span>` },
  { key: "last", title: "Last", right: true, cell: (row) => html`<${Time} at=${row.nominalAt} />` },
];

export default function Failures({ query: { since = "7d", q = "" } }) {
  const view = useView("/api/views/failures", { since, q }, { on: /^execution\.(failed|retrying)$/, every: 30000 });
  return html`<${Head} title="Dead letters & missed" />
    <div class="filters" role="search"><input type="search" aria-label="Find by job or error" placeholder="Job or error" value=${q} onChange=${(event) => filter({ q: event.target.value || null })} />
      <span class="choices" role="group" aria-label="How far back">${SPANS.map(([value, word]) => html`<button key=${value} type="button" aria-pressed=${since === value} onClick=${() => filter({ since: value === "7d" ? null : value })}>${word}</button>`)}</span></div>
    <${Awaited} view=${view}>${(data) => html`
      <h2>Failures ${data.groups.length > 0 && html`<span class="faint">${count(data.groups.length, "kind")}${data.truncated ? ", of the newest 5,000" : ""}</span>`}</h2>
      ${data.groups.length === 0 && html`<${Card}><${Empty} title="Nothing failed for good" icon="succeeded"><p>Whatever used up its attempts would be here, grouped by what went wrong.</p></${Empty}></${Card}>`}
      ${data.groups.map((group) => html`<${Group} key=${group.fingerprint} group=${group} since=${since} again=${view.again} />`)}
      <h2>Instants that were not met</h2>
      ${data.missed.length ? html`<${Card} flush=${true}><${Table} label="Instants that were not met" columns=${MISSED} rows=${data.missed} keyOf=${(row) => row.scheduleId + row.decision} to=${(row) => `/jobs/${row.jobId}?tab=why`} /></${Card}>` : html`<${Card}><${Empty} title="Every instant was met" icon="succeeded" /></${Card}>`}`}</${Awaited}>`;
}
