// Overview: is everything well, what runs, what failed, what was missed, what comes.
import { count, duration, number, percent } from "../lib/format.js";
import { html, useEffect, useRef } from "../lib/html.js";
import { href } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { Code } from "../parts/copy.js";
import { Awaited, Card, Empty, Figure, Head } from "../parts/layout.js";
import { Icon } from "../parts/icons.js";
import { State } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { Time, now } from "../parts/time.js";
import { Trends } from "../parts/trends.js";

const SILENT_SECONDS = 30;

const FIRST_JOB = `from rota import job, every

@job(schedule=every("1m"))
def hello() -> str:
    return "it works"`;

/** One line on the health of a part: an icon, what it is, how it is. */
const Health = ({ tone, word, says, to = null }) => html`<a class="health tone-${tone}" href=${to ?? "#/"}>
  <${Icon} name=${{ good: "succeeded", warn: "warning", bad: "failed" }[tone]} /><b>${word}</b><span>${says}</span></a>`;

const Strip = ({ view }) => {
  const { coordinators, loops, workers, queues, schedules, store } = view;
  const silent = coordinators.filter(({ heartbeatAt }) => now.value - Date.parse(heartbeatAt) > SILENT_SECONDS * 1000);
  const stuck = Object.entries(loops).filter(([, { healthy }]) => !healthy).map(([name]) => name);
  const backlog = queues.reduce((sum, { pending }) => sum + pending, 0);
  const oldest = Math.max(0, ...queues.map(({ oldestSeconds }) => oldestSeconds));
  const held = queues.filter(({ paused }) => paused);
  const full = workers.alive > 0 && workers.busy >= workers.slots;
  return html`<div class="healths">
    <${Health} tone=${stuck.length ? "bad" : silent.length ? "warn" : "good"} word="Coordinators" to="#/fleet"
      says=${stuck.length ? `not well: ${stuck.join(", ")}` : silent.length ? `${silent.length} of ${coordinators.length} silent` : `${coordinators.length} alive`} />
    <${Health} tone=${workers.alive === 0 ? "bad" : full ? "warn" : "good"} word="Workers" to="#/fleet"
      says=${workers.alive === 0 ? "none: nothing can run" : `${workers.alive} alive, ${number(workers.busy)} of ${number(workers.slots)} slots busy${workers.draining ? `, ${workers.draining} draining` : ""}`} />
    <${Health} tone=${held.length || oldest > 60 ? "warn" : "good"} word="Queues" to="#/fleet"
      says=${backlog ? `${count(backlog, "execution")} waiting, the oldest ${duration(oldest)}` : held.length ? `${count(held.length, "queue")} paused` : "empty"} />
    <${Health} tone=${schedules.overdue ? "bad" : "good"} word="Schedules" to="#/failures"
      says=${schedules.overdue ? `${number(schedules.overdue)} overdue` : `${number(schedules.enabled)} on time`} />
    <${Health} tone="good" word="Store" says=${store} to="#/fleet" />
  </div>`;
};

/** Seven days as bands of what succeeded, failed and was cancelled. */
const Bands = ({ trends }) => {
  const most = Math.max(1, ...trends.map((day) => day.succeeded + day.failed + day.cancelled));
  return html`<table class="bands" aria-label="The last seven days">
    <thead><tr><th scope="col">Day (UTC)</th><th scope="col">Executions</th><th scope="col" class="right">Succeeded</th><th scope="col" class="right">Failed</th><th scope="col" class="right only-wide">Average</th></tr></thead>
    <tbody>${trends.map((day) => html`<tr key=${day.date}><td class="nowrap">${new Date(day.date).toLocaleDateString("en-GB", { weekday: "short", day: "2-digit", month: "short", timeZone: "UTC" })}</td>
      <td class="fill"><${Band} parts=${[["good", day.succeeded], ["bad", day.failed], ["off", day.cancelled]]} most=${most} /></td>
      <td class="right">${number(day.succeeded)}</td><td class="right ${day.failed ? "ink-bad" : "faint"}">${number(day.failed)}</td><td class="right only-wide">${duration(day.averageDurationSeconds)}</td></tr>`)}</tbody>
  </table>`;
};

const Band = ({ parts, most }) => {
  const ref = useRef(null);
  useEffect(() => { for (const [index, [, many]] of parts.entries()) ref.current.children[index].style.width = `${(many / most) * 100}%`; });
  return html`<span class="band" ref=${ref} aria-hidden="true">${parts.map(([tone]) => html`<i class="bar-${tone}"></i>`)}</span>`;
};

const RUNNING = [
  { key: "job", title: "Job", fill: true, cell: (row) => html`<span class="cut">${row.name ?? row.type}</span>` },
  { key: "state", title: "State", cell: (row) => html`<${State} value=${row.state} />` },
  { key: "since", title: "Since", right: true, cell: (row) => html`<${Time} at=${row.startedAt} />` },
];
const FAILING = [
  { key: "job", title: "Job", fill: true, cell: (row) => html`<span class="cut">${row.name ?? row.jobId}<br /></span>` },
  { key: "error", title: "Last error", wide: true, fill: true, cell: (row) => html`<span class="cut faint" title=${row.lastError}>${row.lastError ?? "–"}</span>` },
  { key: "rate", title: "Failed", right: true, cell: (row) => html`<span class="ink-bad">${number(row.failed)}</span> <span class="faint">of ${number(row.total)}</span>` },
  { key: "last", title: "Last", right: true, cell: (row) => html`<${Time} at=${row.lastFailedAt} />` },
];
const MISSED = [
  { key: "job", title: "Job", fill: true, cell: (row) => html`<span class="cut">${row.jobName ?? row.jobId}</span>` },
  { key: "at", title: "Instant", cell: (row) => html`<${Time} at=${row.nominalAt ?? row.nextAt} />` },
  { key: "what", title: "What became of it", right: true, cell: (row) => (row.decision ? html`<${State} value=${row.decision} />` : html`<span class="state tone-bad"><${Icon} name="warning" />Overdue</span>`) },
];
const COMING = [
  { key: "at", title: "When", cell: (row) => html`<${Time} at=${row.at} />` },
  { key: "job", title: "Job", fill: true, cell: (row) => html`<span class="cut">${row.jobName}</span>` },
  { key: "rule", title: "Schedule", wide: true, fill: true, cell: (row) => html`<span class="cut faint">${row.describe}</span>` },
];

const First = () => html`<${Card}><${Empty} title="No jobs yet" icon="jobs">
  <p>A job is a Python function, an HTTP call or a script. Save this as <code>hello.py</code>:</p>
  <${Code} text=${FIRST_JOB} label="A first job" /><p>and let Rota run it:</p><${Code} text="rota up --app hello" label="Command" />
  <p>or <a href=${href("/jobs", { new: "1" })}>make one here</a>.</p></${Empty}></${Card}>`;

export default function Overview({ query = {} }) {
  const view = useView("/api/views/overview", {}, { on: /^(execution|worker|job|schedule|occurrence|queue)\./, every: 15000 });
  return html`<${Head} title="Overview" beside=${view.data && html`<span class="faint only-wide">${view.data.environment} · Rota ${view.data.version}</span>`} />
    <${Awaited} view=${view}>${(data) => html`
      <${Strip} view=${data} />
      ${data.jobs.total === 0 && html`<${First} />`}
      <${Card} title="Today"><div class="figures">
        <${Figure} value=${number(data.executions.running)} word="running" tone="busy" to=${href("/executions", { q: "status:running" })} />
        <${Figure} value=${number(data.executions.pending)} word="pending" to=${href("/executions", { q: "status:pending" })} />
        <${Figure} value=${number(data.executions.retrying)} word="to be retried" tone=${data.executions.retrying ? "warn" : ""} to=${href("/executions", { q: "status:retrying" })} />
        <${Figure} value=${number(data.executions.succeededToday)} word="succeeded" tone="good" to=${href("/executions", { q: "status:succeeded" })} />
        <${Figure} value=${number(data.executions.failedToday)} word="failed" tone=${data.executions.failedToday ? "bad" : ""} to=${href("/failures", { since: "24h" })} />
        <${Figure} value=${percent(data.executions.successRateToday)} word="success rate" />
        <${Figure} value=${duration(data.averageDurationSeconds)} word="average duration" />
        <${Figure} value=${number(data.jobs.enabled)} word=${`of ${count(data.jobs.total, "job")} enabled`} to="#/jobs" />
      </div></${Card}>
      <div class="cards">
        <${Card} title="Running now" flush=${true}>${data.running.length ? html`<${Table} label="Running now" columns=${RUNNING} rows=${data.running} to=${(row) => `/executions/${row.id}`} />` : html`<p class="nothing">Nothing runs.</p>`}</${Card}>
        <${Card} title="Next 24 hours" flush=${true} beside=${html`<a href="#/load">Calendar</a>`}>${data.upcoming.length ? html`<${Table} label="Next 24 hours" columns=${COMING} rows=${data.upcoming.slice(0, 10)} keyOf=${(row) => row.scheduleId + row.at} to=${(row) => `/jobs/${row.jobId}`} />` : html`<p class="nothing">Nothing is scheduled.</p>`}</${Card}>
        <${Card} title="Failing jobs, 7 days" flush=${true} beside=${html`<a href="#/failures">All failures</a>`}>${data.failing.length ? html`<${Table} label="Failing jobs" columns=${FAILING} rows=${data.failing} keyOf=${(row) => row.jobId} to=${(row) => `/jobs/${row.jobId}`} />` : html`<p class="nothing">No job has failed.</p>`}</${Card}>
        <${Card} title="Overdue and missed" flush=${true}>${data.overdue.length + data.missed.length ? html`<${Table} label="Overdue and missed" columns=${MISSED} rows=${[...data.overdue, ...data.missed].slice(0, 10)} keyOf=${(row) => row.scheduleId + (row.nominalAt ?? row.nextAt)} to=${(row) => `/jobs/${row.jobId}?tab=why`} />` : html`<p class="nothing">Every instant was met.</p>`}</${Card}>
        <${Trends} query=${query} week=${html`<${Bands} trends=${data.trends} />`} />
      </div>`}</${Awaited}>`;
}
