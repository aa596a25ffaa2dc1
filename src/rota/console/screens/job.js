// A job: its facts, its runs, its schedules, what it was, and why it has not run.
import { exactly, may } from "../lib/api.js";
import { write } from "../lib/exact.js";
import { html, useEffect, useState } from "../lib/html.js";
import { duration, shortId } from "../lib/format.js";
import { go, href } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { AuditTrail } from "../parts/audit_trail.js";
import { Code, Copy } from "../parts/copy.js";
import { Durations } from "../parts/durations.js";
import { useFurther } from "../parts/further.js";
import { cancelAll, drop, editable, pauseOrResume, turn } from "../parts/job_actions.js";
import { editJob } from "../parts/job_form.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Empty, Facts, Figure, Head, Tabs } from "../parts/layout.js";
import { executionColumns } from "../parts/rows.js";
import { SchedulesOf } from "../parts/schedules_of.js";
import { State, Strip } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { complain } from "../parts/toast.js";
import { trigger } from "../parts/trigger.js";
import { Versions } from "../parts/versions.js";
import { Why } from "../parts/why.js";

const TABS = [["overview", "Overview"], ["executions", "Executions"], ["schedules", "Schedule"], ["parameters", "Parameters"], ["versions", "Versions"], ["audit", "Audit"]];
const NEWEST = 8;

const factsOf = (job) => [
  ["Type", html`<code>${job.jobType}</code>`], ["Description", job.description], ["Team", job.teamName && html`<a href=${href("/jobs", { team: job.teamName })}>${job.teamName}</a>`],
  ["Owner", job.ownerName && html`<a href=${href("/jobs", { owner: job.ownerName })}>${job.ownerName}</a>`], ["E-mail", job.ownerEmail && html`<a href=${`mailto:${job.ownerEmail}`}>${job.ownerEmail}</a>`], ["Whom to call", job.escalationContact],
  ["Queue", `${job.queue}${job.priority ? `, priority ${job.priority}` : ""}`], ["Timeout", duration(job.timeoutSeconds)], ["Retries", job.retryCount ? `${job.retryCount}, ${job.retryStrategy}, first after ${duration(job.baseDelaySeconds)}` : "none"],
  ["At most at once", job.maxConcurrentExecutions], ["At once for each", job.concurrencyKey && html`<code>${job.concurrencyKey}</code>`], ["Starts", job.rateLimit], ["If its worker is lost", job.onLost],
  ["Environments", job.allowedEnvironments.join(", ")], ["Runs in a", job.isolation], ["Category", job.category && html`<a href=${href("/jobs", { category: job.category })}>${job.category}</a>`],
  ["Tags", job.tags.length ? html`<span class="row">${job.tags.map((tag) => html`<a key=${tag} class="tag" href=${href("/jobs", { tag })}>#${tag}</a>`)}</span>` : null],
  ["Version", html`<a href=${href(`/jobs/${job.id}`, { tab: "versions" })}>${`${job.version}, from ${job.source}`}</a>`], ["Changed", html`<${Time} at=${job.updatedAt} />`], ["Made", html`<${Time} at=${job.createdAt} /> by ${job.createdBy}`],
  ["Id", html`<span class="mono" title=${job.id}>…${shortId(job.id)}</span> <${Copy} text=${job.id} title="Copy the id" tone="plain small" />`],
];

const Lately = ({ runs, durations }) => {
  const ended = runs.filter(({ finishedAt }) => finishedAt);
  const good = ended.filter(({ state }) => state === "Succeeded").length;
  return html`<${Card} title="Lately">${ended.length === 0 ? html`<p class="faint">No run has ended yet.</p>` : html`
    <div class="figures"><${Figure} value=${duration(durations.p50Seconds)} word="half take at most" title="the median of the newest fifty that succeeded (p50)" /><${Figure} value=${duration(durations.p95Seconds)} word="19 of 20 at most" title="p95" /><${Figure} value=${`${good} of ${ended.length}`} word="succeeded lately" tone=${good < ended.length ? "warn" : "good"} /><div class="figure"><span class="strip-room"><${Strip} runs=${runs} /></span><span>${runs.length === 1 ? "the only run" : `last ${Math.min(20, runs.length)} runs`}</span></div></div>
    <${Durations} runs=${ended} p50=${durations.p50Seconds} p95=${durations.p95Seconds} />`}</${Card}>`;
};

const Overview = ({ data, again }) => {
  const { job, durations, runs } = data;
  return html`<div class="columns"><div class="column"><${Card} title="Why has it not run?"><${Why} why=${data.why} /></${Card}><${SchedulesOf} job=${job} schedules=${data.schedules} again=${again} /></div>
    <div class="column"><${Lately} runs=${runs} durations=${durations} /><${Card} title="Definition"><${Facts} facts=${factsOf(job)} /></${Card}></div></div>
    <${Card} title="Newest runs" flush=${true} beside=${runs.length > 0 && html`<a href=${href(`/jobs/${job.id}`, { tab: "executions" })}>All</a>`}>${runs.length ? html`<${Table} label="Newest runs" columns=${executionColumns({ job: false })} rows=${runs.slice(0, NEWEST)} to=${(row) => `/executions/${row.id}`} />` : html`<p class="nothing">It has not run yet.</p>`}</${Card}>`;
};

const Executions = ({ job }) => {
  const { id } = job;
  const view = useView("/api/views/executions", { jobId: id }, { on: /^execution\./, about: (event) => event.data.jobId === id || !event.data.jobId });
  const further = useFurther("/api/views/executions", { jobId: id });
  const beside = html`<span class="row"><a href=${href("/executions", { q: `job:${job.name}` })}>Filter and retry</a>${may("operate") && html`<${Button} tone="small" icon="cancelled" onClick=${() => cancelAll(job, view.again)}>Cancel all</${Button}>`}</span>`;
  return html`<${Awaited} view=${view}>${(data) => {
    const rows = further.rows(data);
    if (rows.length === 0) return html`<${Card}><${Empty} title="It has not run yet" icon="executions">${may("operate") && html`<p>Start it by hand with <kbd>t</kbd>, or give it a schedule.</p>`}</${Empty}></${Card}>`;
    return html`<${Card} title="Executions" flush=${true} beside=${beside}><${Table} label="Executions" columns=${executionColumns({ job: false })} rows=${rows} to=${(row) => `/executions/${row.id}`} />${further.button(data)}</${Card}>`;
  }}</${Awaited}>`;
};

/** As the store has them: big integers are digits here, not text. */
const Parameters = ({ job }) => {
  const [exact, setExact] = useState(job);
  useEffect(() => { setExact(job); exactly(`/api/jobs/${job.id}`).then(setExact, () => {}); }, [job.id, job.version]);
  return html`<div class="columns"><div class="column"><${Card} title="Parameters"><${Code} text=${write(exact.parameters, 2)} label="Parameters" /></${Card}></div>
    <div class="column"><${Card} title="What they must be">${exact.parametersSchema ? html`<${Code} text=${write(exact.parametersSchema, 2)} label="JSON Schema" />` : html`<p class="faint">It has no schema: any JSON object is taken.</p>`}</${Card}></div></div>`;
};

const Actions = ({ job, run, edit, again }) => html`
  ${may("operate") && html`<${Button} icon="play" tone="primary" title=${job.state === "Disabled" ? "It is disabled" : "Run (t)"} disabled=${job.state === "Disabled"} onClick=${run}>Run</${Button}><${Button} icon=${job.state === "Paused" ? "resume" : "paused"} disabled=${job.state === "Disabled"} onClick=${() => pauseOrResume(job, again)}>${job.state === "Paused" ? "Resume" : "Pause"}</${Button}><${Button} onClick=${() => turn(job, again)}>${job.state === "Disabled" ? "Enable" : "Disable"}</${Button}>`}
  ${may("edit") && html`<${Button} icon="edit" title=${editable(job) ? "Edit (e)" : "It comes with code: change it there"} disabled=${!editable(job)} onClick=${edit}>Edit</${Button}><${Button} icon="trash" title=${editable(job) ? "Delete" : "It comes with code: take it away there"} aria-label="Delete" disabled=${!editable(job)} onClick=${() => drop(job).then((done) => done && go("/jobs"))} />`}`;

const Rest = ({ job }) => html`<${State} value=${job.state} />${(job.note || job.pausedUntil) && html`<span class="faint">${job.note && html`“${job.note}”`}${job.pausedUntil && html` until <${Time} at=${job.pausedUntil} full=${true} />`}</span>`}`;

const showWhy = () => { const place = document.getElementById("why"); place?.scrollIntoView({ block: "center" }); place?.focus({ preventScroll: true }); };

const Tab = ({ tab, data, again }) => {
  const { job, schedules } = data;
  if (tab === "executions") return html`<${Executions} job=${job} />`;
  if (tab === "schedules") return html`<${SchedulesOf} job=${job} schedules=${schedules} again=${again} />`;
  if (tab === "parameters") return html`<${Parameters} job=${job} />`;
  if (tab === "versions") return html`<${Versions} job=${job} schedules=${schedules} again=${again} />`;
  if (tab === "audit") return may("audit") ? html`<${AuditTrail} query=${{ subjectId: job.id }} />` : html`<${Card}><${Empty} title="The audit is not yours to read" icon="audit"><p>An auditor or an administrator may.</p></${Empty}></${Card}>`;
  return html`<${Overview} data=${data} again=${again} />`;
};

export default function Job({ id, query }) {
  const view = useView(`/api/views/jobs/${id}`, {}, { on: /^(job|schedule|execution|queue|worker)\./, about: (event) => !event.data.jobId || event.data.jobId === id, every: 30000 });
  const job = view.data?.job;
  const run = () => job && trigger(job).then((made) => made && go(`/executions/${made.id}`), complain);
  const edit = () => job && editJob(job).then((made) => made && view.again());
  useShortcut("t", "Run this job", () => may("operate") && job?.state !== "Disabled" && run());
  useShortcut("e", "Edit this job", () => may("edit") && edit());
  useShortcut("w", "Why has it not run?", () => { go(`/jobs/${id}`); setTimeout(showWhy, 50); });
  useEffect(() => { if (query.tab === "why" && job) showWhy(); }, [query.tab, Boolean(job)]);
  const tab = query.tab === "why" ? "overview" : query.tab ?? "overview";
  return html`<${Awaited} view=${view}>${(data) => html`
    <${Head} title=${data.job.name} beside=${html`<${Rest} job=${data.job} />`}><${Actions} job=${data.job} run=${run} edit=${edit} again=${view.again} /></${Head}>
    <${Tabs} tabs=${TABS} chosen=${tab} /><${Tab} tab=${tab} data=${data} again=${view.again} />`}</${Awaited}>`;
}
