// Dead letters and missed instants: grouped by what is the same, run again one by one or all at once.
import { get, may } from "../lib/api.js";
import { html, useState } from "../lib/html.js";
import { count, number } from "../lib/format.js";
import { filter, href } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { retryMany } from "../parts/bulk.js";
import { Icon } from "../parts/icons.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Empty, Head } from "../parts/layout.js";
import { executionColumns } from "../parts/rows.js";
import { Search } from "../parts/search.js";
import { State } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { complain } from "../parts/toast.js";

/** @type {[string, string][]} */
const SPANS = [["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"]];
const MOST_AT_ONCE = 1000;

const idsOf = async (fingerprint, since) => (await get(`/api/views/failures/${fingerprint}`, { since })).ids;

const Members = ({ fingerprint, since, again }) => {
  const view = useView(`/api/views/failures/${fingerprint}`, { since });
  const [chosen, setChosen] = useState(new Set());
  const retry = () => may("operate") && chosen.size > 0 && retryMany([...chosen]).then((done) => { if (done) { setChosen(new Set()); again(); } }, complain);
  useShortcut("r", "Run the chosen again", retry);
  return html`<${Awaited} view=${view}>${({ items, ids }) => html`<div class="members">
    ${may("operate") && html`<p class="row inset"><${Button} tone="small" icon="retrying" disabled=${chosen.size === 0} title="Run the chosen again (r)" onClick=${retry}>Run ${chosen.size || "the chosen"} again</${Button}><span class="faint small" role="status">${chosen.size ? `${chosen.size} chosen` : "Choose some by their boxes, or with Space."}</span></p>`}
    <${Table} label="Executions of this kind" columns=${executionColumns()} rows=${items} to=${(row) => `/executions/${row.id}`} chosen=${may("operate") ? chosen : null} onChoose=${setChosen} />
    ${ids.length > items.length && html`<p class="inset faint small">The newest ${items.length} of ${number(ids.length)}${ids.length >= MOST_AT_ONCE ? " and more" : ""}.</p>`}</div>`}</${Awaited}>`;
};

const Jobs = ({ group }) => html`${group.jobs.map((job) => html`<a key=${job.id} class="tag" title=${job.name || "a submission"} href=${href(job.name ? `/jobs/${job.id}` : `/executions/${job.id}`)}>${job.name || "a submission"}${job.count < group.count ? ` × ${number(job.count)}` : ""}</a>`)}
  ${group.jobs.reduce((sum, job) => sum + job.count, 0) < group.count && html`<span>and others</span>`}`;

const Group = ({ group, since, open, again }) => {
  const [busy, setBusy] = useState(false);
  const toggle = () => filter({ open: open ? null : group.fingerprint });
  const all = async () => {
    setBusy(true);
    try {
      const ids = await idsOf(group.fingerprint, since);
      if (await retryMany(ids, ids.length === 1 ? "this execution" : `${count(ids.length, "failure")} of this kind`)) again();
    } catch (problem) { complain(problem); }
    setBusy(false);
  };
  return html`<section class="group ${open ? "opened" : ""}" aria-label=${group.error}><div class="group-head">
      <b class="many" title=${count(group.count, "failure")}>${number(group.count)}<span class="faint"> ×</span></b>
      <div class="what"><button type="button" class="group-name" aria-expanded=${open} onClick=${toggle}><${Icon} name=${open ? "down" : "chevron"} /><span class="error">${group.error || "(without a word)"}</span></button>
        <div class="row faint small"><span>last <${Time} at=${group.lastAt} />${group.count > 1 && html`, first <${Time} at=${group.firstAt} />`}</span><${Jobs} group=${group} /></div></div>
      <div class="row group-acts"><a class="button small" href=${href(`/executions/${group.example}`)}>The newest</a>${may("operate") && html`<${Button} tone="small" icon="retrying" disabled=${busy} onClick=${all}>Run all again</${Button}>`}</div></div>
    ${open && html`<${Members} fingerprint=${group.fingerprint} since=${since} again=${again} />`}</section>`;
};

const MISSED = [
  { key: "job", title: "Job", fill: true, cell: (row) => html`<span class="cut" title=${row.jobName}>${row.jobName}</span><span class="cut small faint only-small" title=${row.reason ?? ""}>${row.reason ?? ""}</span>` },
  { key: "what", title: "What became of it", cell: (row) => html`<${State} value=${row.decision} />` },
  { key: "count", title: "Instants", right: true, roomy: true, cell: (row) => number(row.count) },
  { key: "reason", title: "Why", wide: true, fill: true, cell: (row) => html`<span class="cut faint" title=${row.reason ?? ""}>${row.reason ?? ""}</span>` },
  { key: "last", title: "The last", right: true, cell: (row) => html`<${Time} at=${row.nominalAt} />` },
  { key: "why", title: "", roomy: true, cell: (row) => html`<a href=${href(`/jobs/${row.jobId}`, { tab: "why" })} aria-label=${`Why did ${row.jobName} not run?`}>Why?</a>` },
];

/** Everything that failed, of all kinds: the ids are gathered before somebody is asked. */
async function retryAll(groups, since, again) {
  const ids = [];
  for (const { fingerprint } of groups) {
    ids.push(...await idsOf(fingerprint, since));
    if (ids.length > MOST_AT_ONCE) break;
  }
  if (await retryMany(ids, `${ids.length > MOST_AT_ONCE ? `${number(MOST_AT_ONCE)} failures` : count(ids.length, "failure")} of ${count(groups.length, "kind")}`)) again();
}

export default function Failures({ query: { since = "7d", q = "", open = "" } }) {
  const view = useView("/api/views/failures", { since, q }, { on: /^execution\.(failed|timedOut|lost)$/, every: 30000 });
  const [busy, setBusy] = useState(false);
  const all = () => { setBusy(true); retryAll(view.data.groups, since, view.again).catch(complain).finally(() => setBusy(false)); };
  const span = SPANS.find(([value]) => value === since)?.[1] ?? since;
  return html`<${Head} title="Dead letters & missed">${may("operate") && view.data?.groups.length > 1 && html`<${Button} icon="retrying" disabled=${busy} onClick=${all}>${busy ? "Counting…" : "Run everything again"}</${Button}>`}</${Head}>
    <div class="filters" role="search"><${Search} value=${q} label="Find by job or error" placeholder="Job or error" /><span class="choices" role="group" aria-label="How far back">${SPANS.map(([value, word]) => html`<button key=${value} type="button" aria-pressed=${since === value} onClick=${() => filter({ since: value === "7d" ? null : value })}>${word}</button>`)}</span></div>
    <${Awaited} view=${view}>${(data) => html`
      <${Card} title="Failed for good" flush=${true} beside=${data.groups.length > 0 && html`<span class="faint">${count(data.groups.reduce((sum, one) => sum + one.count, 0), "failure")} of ${count(data.groups.length, "kind")}${data.truncated ? "; the newest 5,000 were looked at" : ""}</span>`}>
        ${data.groups.length === 0 ? html`<${Empty} title=${q ? "No failure is like that" : "Nothing failed for good"} icon="succeeded"><p>${q ? html`<${Button} onClick=${() => filter({ q: null })}>Show all</${Button}>` : `In the last ${span} every execution came to a good end, or still has an attempt left.`}</p></${Empty}>`
          : data.groups.map((group) => html`<${Group} key=${group.fingerprint} group=${group} since=${since} open=${open === group.fingerprint} again=${view.again} />`)}</${Card}>
      <${Card} title="Instants that were not met" flush=${true} beside=${data.missed.length > 0 && html`<span class="faint">${count(data.missed.length, "schedule")}</span>`}>
        ${data.missed.length ? html`<${Table} label="Instants that were not met" columns=${MISSED} rows=${data.missed} keyOf=${(row) => row.scheduleId + row.decision} to=${(row) => `/jobs/${row.jobId}?tab=why`} />`
          : html`<${Empty} title="Every instant was met" icon="succeeded"><p>${q ? "None of a job like that was missed." : `In the last ${span} every schedule fired when it was to fire.`}</p></${Empty}>`}</${Card}>`}</${Awaited}>`;
}
