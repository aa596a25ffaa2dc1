// A job: its facts, its runs, its schedules, what it was, and why it has not run.
import { get, may, post, put, remove } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { duration } from "../lib/format.js";
import { go, href } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { AuditTrail } from "../parts/audit_trail.js";
import { Code } from "../parts/copy.js";
import { confirm } from "../parts/dialog.js";
import { Diff } from "../parts/diff.js";
import { editJob } from "../parts/job_form.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Empty, Facts, Figure, Head, More, Tabs } from "../parts/layout.js";
import { executionColumns } from "../parts/rows.js";
import { SchedulesOf } from "../parts/schedules_of.js";
import { State, Strip } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { complain, say } from "../parts/toast.js";
import { trigger } from "../parts/trigger.js";
import { Why } from "../parts/why.js";
import { pauseOrResume } from "./jobs.js";

const TABS = [["overview", "Overview"], ["executions", "Executions"], ["schedules", "Schedule"], ["parameters", "Parameters"], ["versions", "Versions"], ["audit", "Audit"]];

const Overview = ({ data, again }) => {
  const { job, durations, runs } = data;
  const ended = runs.filter(({ finishedAt }) => finishedAt);
  const failed = ended.filter(({ state }) => state === "Failed").length;
  return html`<div class="cards">
    <${Card} title="Why has it not run?"><${Why} why=${data.why} /></${Card}>
    <${SchedulesOf} job=${job} schedules=${data.schedules} again=${again} />
    <${Card} title="Lately"><div class="figures"><${Figure} value=${duration(durations.p50Seconds)} word="half take at most" /><${Figure} value=${duration(durations.p95Seconds)} word="19 of 20 at most" /><${Figure} value=${`${ended.length - failed} of ${ended.length}`} word="succeeded of the last" tone=${failed ? "warn" : "good"} /><div class="figure"><${Strip} runs=${runs.map((run) => ({ ...run, at: run.startedAt }))} /><span>last 20 runs</span></div></div>
      <${DurationBand} runs=${ended} p50=${durations.p50Seconds} p95=${durations.p95Seconds} /></${Card}>
    <${Card} title="Definition"><${Facts} facts=${[
      ["Type", html`<code>${job.jobType}</code>`], ["Description", job.description], ["Team", job.teamName], ["Owner", [job.ownerName, job.ownerEmail].filter(Boolean).join(" · ")], ["Queue", job.queue], ["Priority", job.priority],
      ["Timeout", duration(job.timeoutSeconds)], ["Retries", `${job.retryCount}, ${job.retryStrategy}`], ["At once", job.maxConcurrentExecutions], ["Environments", job.allowedEnvironments.join(", ")], ["Category", job.category],
      ["Tags", job.tags.length ? html`<span class="row">${job.tags.map((tag) => html`<a key=${tag} class="tag" href=${href("/jobs", { tag })}>#${tag}</a>`)}</span>` : null], ["Version", `${job.version}, from ${job.source}`], ["Changed", html`<${Time} at=${job.updatedAt} />`]]} /></${Card}>
    <${Card} title="Newest runs" wide=${true} flush=${true} beside=${html`<a href=${href(`/jobs/${job.id}`, { tab: "executions" })}>All</a>`}>${runs.length ? html`<${Table} label="Newest runs" columns=${executionColumns({ job: false })} rows=${runs.slice(0, 8)} to=${(row) => `/executions/${row.id}`} />` : html`<p class="nothing">It has not run yet.</p>`}</${Card}>
  </div>`;
};

/** The durations of the last runs as dots over the band from p50 to p95, with the figures for those who cannot see it. */
const DurationBand = ({ runs, p50, p95 }) => {
  const shown = runs.filter(({ durationSeconds }) => durationSeconds !== null).slice(0, 50).reverse();
  if (shown.length < 3) return null;
  const most = Math.max(p95 ?? 0, ...shown.map(({ durationSeconds }) => durationSeconds)) || 1;
  const y = (seconds) => 76 - (seconds / most) * 70;
  return html`<svg class="durations" viewBox="0 0 400 80" role="img" aria-label=${`durations of the last ${shown.length} runs, ${duration(Math.min(...shown.map((run) => run.durationSeconds)))} to ${duration(most)}`}>
    ${p95 && html`<rect class="band-area" x="0" width="400" y=${y(p95)} height=${Math.max(1, y(p50) - y(p95))} />`}${p50 !== null && html`<line class="band-line" x1="0" x2="400" y1=${y(p50)} y2=${y(p50)} />`}
    ${shown.map((run, index) => html`<a key=${run.id} href=${`#/executions/${run.id}`} tabindex="-1"><circle class=${run.state === "Succeeded" ? "dot-good" : "dot-bad"} cx=${6 + (index / Math.max(1, shown.length - 1)) * 388} cy=${y(run.durationSeconds)} r="3.5"><title>${duration(run.durationSeconds)}, ${run.state}</title></circle></a>`)}
  </svg>`;
};

const Executions = ({ id }) => {
  const view = useView("/api/views/executions", { jobId: id }, { on: /^execution\./, about: (event) => event.data.jobId === id || !event.data.jobId });
  const [more, setMore] = useState({ items: [], cursor: undefined });
  const load = (cursor) => get("/api/views/executions", { jobId: id, cursor }).then((page) => setMore({ items: [...more.items, ...page.items], cursor: page.nextCursor }), complain);
  return html`<${Awaited} view=${view}>${(data) => (data.items.length === 0 ? html`<${Card}><${Empty} title="It has not run yet" icon="executions" /></${Card}>` : html`<${Card} flush=${true}><${Table} label="Executions" columns=${executionColumns({ job: false })} rows=${[...data.items, ...more.items.filter(({ id: one }) => !data.items.some((row) => row.id === one))]} to=${(row) => `/executions/${row.id}`} /><${More} cursor=${more.cursor === undefined ? data.nextCursor : more.cursor} onMore=${load} /></${Card}>`)}</${Awaited}>`;
};

const Versions = ({ job, again }) => {
  const view = useView(`/api/jobs/${job.id}/versions`, { limit: 50 }, { on: /^job\./ });
  const [open, setOpen] = useState(null);
  const back = (version) => confirm({
    title: `Back to version ${version.version}?`, says: html`<p>The definition becomes that of version ${version.version} again, as a new version.</p><${Diff} before=${job} after=${{ ...job, ...version.definition }} />`, verb: "Roll back", reason: "",
    act: () => put(`/api/jobs/${job.id}`, version.definition, { headers: { "If-Match": `"${job.version}"` } }),
  }).then((done) => { if (done) { say(`${job.name} is as it was in version ${version.version}`); again(); view.again(); } });
  return html`<${Awaited} view=${view}>${({ items }) => html`<${Card} title="Versions"><ol class="versions">${items.map((version, index) => html`<li key=${version.version}><div class="row"><b>Version ${version.version}</b><span class="faint">by ${version.changedBy}, <${Time} at=${version.changedAt} /></span>
      ${index < items.length - 1 && html`<${Button} tone="small" aria-expanded=${open === version.version} onClick=${() => setOpen(open === version.version ? null : version.version)}>What changed</${Button}>`}
      ${index > 0 && may("edit") && job.source !== "code" && html`<${Button} tone="small" onClick=${() => back(version)}>Roll back to this</${Button}>`}</div>
      ${open === version.version && html`<${Diff} before=${items[index + 1].definition} after=${version.definition} />`}</li>`)}</ol></${Card}>`}</${Awaited}>`;
};

export default function Job({ id, query }) {
  const view = useView(`/api/views/jobs/${id}`, {}, { on: /^(job|schedule|execution|queue|worker)\./, about: (event) => !event.data.jobId || event.data.jobId === id, every: 30000 });
  const tab = query.tab ?? "overview";
  const job = view.data?.job;
  const run = () => job && trigger(job).then((made) => made && go(`/executions/${made.id}`), complain);
  const edit = () => job && editJob(job).then((made) => made && view.again());
  const turn = () => post(`/api/jobs/${id}/${job.state === "Disabled" ? "enable" : "disable"}`).then(() => { say(`${job.name} is ${job.state === "Disabled" ? "enabled" : "disabled"}`); view.again(); }, complain);
  const drop = () => confirm({ title: `Delete ${job.name}?`, says: html`<p>Its schedules go with it and what waits is cancelled. Its history stays.</p>`, verb: "Delete", tone: "danger", reason: "", act: () => remove(`/api/jobs/${id}`) }).then((done) => { if (done) { say(`${job.name} is deleted`); go("/jobs"); } });
  useShortcut("t", "Run this job", () => may("operate") && run());
  useShortcut("e", "Edit this job", () => may("edit") && edit());
  useShortcut("w", "Why has it not run?", () => { go(`/jobs/${id}`); setTimeout(() => document.getElementById("why")?.scrollIntoView({ block: "center" }), 50); });
  useEffect(() => { if (tab === "why" && view.data) document.getElementById("why")?.scrollIntoView({ block: "center" }); }, [tab, Boolean(view.data)]);
  return html`<${Awaited} view=${view}>${(data) => html`
    <${Head} title=${job.name} beside=${html`<${State} value=${job.state} />${job.note && html`<span class="faint">${job.note}</span>`}${job.pausedUntil && html`<span class="faint">until <${Time} at=${job.pausedUntil} full=${true} /></span>`}`}>
      ${may("operate") && html`<${Button} icon="play" tone="primary" title="Run (t)" onClick=${run}>Run</${Button}><${Button} icon=${job.state === "Paused" ? "play" : "paused"} disabled=${job.state === "Disabled"} onClick=${() => pauseOrResume(job, view.again)}>${job.state === "Paused" ? "Resume" : "Pause"}</${Button}><${Button} onClick=${turn}>${job.state === "Disabled" ? "Enable" : "Disable"}</${Button}>`}
      ${may("edit") && html`<${Button} icon="edit" title="Edit (e)" disabled=${job.source === "code"} onClick=${edit}>Edit</${Button}><${Button} icon="trash" title="Delete" aria-label="Delete" disabled=${job.source === "code"} onClick=${drop} />`}
    </${Head}>
    <${Tabs} tabs=${TABS} chosen=${tab === "why" ? "overview" : tab} />
    ${(tab === "overview" || tab === "why") && html`<${Overview} data=${data} again=${view.again} />`}
    ${tab === "executions" && html`<${Executions} id=${id} />`}
    ${tab === "schedules" && html`<${SchedulesOf} job=${job} schedules=${data.schedules} again=${view.again} />`}
    ${tab === "parameters" && html`<div class="cards"><${Card} title="Parameters"><${Code} text=${JSON.stringify(job.parameters, null, 2)} label="Parameters" /></${Card}><${Card} title="Schema">${job.parametersSchema ? html`<${Code} text=${JSON.stringify(job.parametersSchema, null, 2)} label="Schema" />` : html`<p class="faint">Any JSON object is taken.</p>`}</${Card}></div>`}
    ${tab === "versions" && html`<${Versions} job=${job} again=${view.again} />`}
    ${tab === "audit" && (may("audit") ? html`<${AuditTrail} query=${{ subjectId: id }} />` : html`<${Card}><p class="faint">Only an auditor or an administrator may read the audit.</p></${Card}>`)}`}</${Awaited}>`;
}
