// An execution: how it stands, how it came to that, its attempts side by side, its log as it is written.
import { get, may } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { duration, local, number, percent, shortId } from "../lib/format.js";
import { href } from "../lib/router.js";
import { paused } from "../lib/settings.js";
import { useView } from "../lib/view.js";
import { Attempts } from "../parts/attempts.js";
import { cancelMany, ENDED, retryMany } from "../parts/bulk.js";
import { Causes } from "../parts/causes.js";
import { Code, Copy } from "../parts/copy.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Facts, Head } from "../parts/layout.js";
import { Log } from "../parts/log.js";
import { State } from "../parts/state.js";
import { Time, now } from "../parts/time.js";
import { complain } from "../parts/toast.js";
import { Why } from "../parts/why.js";

const PROGRESS_MS = 3000;
const LEASED = ["Running", "Cancelling"];
const ORIGINS = { schedule: "its schedule", manual: "by hand", submission: "submitted", replay: "a retry", backfill: "a backfill" };

const shown = (value) => JSON.stringify(value, null, 2);

/** Progress makes no event: while it runs it alone is asked for, and the rest when its state has changed. */
function useProgress(execution, again) {
  const [latest, setLatest] = useState(null);
  const { id, state } = execution ?? {};
  const runs = LEASED.includes(state);
  useEffect(() => {
    if (!runs) return undefined;
    const timer = setInterval(async () => {
      if (document.hidden || paused.value) return;
      try {
        const found = await get(`/api/executions/${id}`);
        setLatest({ of: found.attempt, progress: found.progress });
        if (found.state !== state) again();
      } catch { /* what the server does not answer is told by the banner, and asked again */ }
    }, PROGRESS_MS);
    return () => clearInterval(timer);
  }, [id, state, again]);
  return latest && latest.of === execution?.attempt ? latest.progress : execution?.progress;
}

const Progress = ({ progress }) => html`<div class="progress"><progress max="1" value=${progress.fraction} aria-label="Progress"></progress><b>${percent(Math.round(progress.fraction * 100) / 100)}</b><span class="faint">${progress.message ?? ""}</span></div>`;

const Failure = ({ execution }) => html`<${Card} title="Error"><p class="ink-bad error strong">${execution.errorMessage}</p>
  ${execution.stackTrace && html`<details class="stack-trace" open><summary>Stack</summary><${Code} text=${execution.stackTrace} label="Stack" /></details>`}</${Card}>`;

/** How long it has run: until its end, or until now. */
const took = ({ state, startedAt, durationSeconds }) => (LEASED.includes(state) && startedAt ? html`${duration(Math.max(0, (now.value - Date.parse(startedAt)) / 1000))} <span class="faint">so far</span>` : duration(durationSeconds));

const About = ({ execution, job }) => {
  const { cancellation, metadata } = execution;
  const replayed = metadata?.replayOf;
  return html`<${Card} title="Facts"><${Facts} facts=${[
    ["Job", job && html`<a href=${href(`/jobs/${job.id}`)}>${job.name}</a>`],
    ["Started by", html`${ORIGINS[execution.trigger] ?? execution.trigger}${execution.actor ? `, ${execution.actor}` : ""}${replayed && html` of <a class="mono" href=${href(`/executions/${replayed}`)} title=${replayed}>${shortId(replayed)}</a>`}`],
    ["Schedule", execution.scheduleId && html`<a href=${href(`/schedules/${execution.scheduleId}`)} title="The instant of the schedule">${execution.nominalAt ? `${local(execution.nominalAt)} UTC` : shortId(execution.scheduleId)}</a>`],
    ["Due", execution.startedAt ? null : html`<${Time} at=${execution.dueAt} full=${true} /> <span class="faint">(<${Time} at=${execution.dueAt} />)</span>`],
    ["Began", execution.startedAt && html`<${Time} at=${execution.startedAt} full=${true} />`], ["Ended", execution.finishedAt && html`<${Time} at=${execution.finishedAt} full=${true} />`],
    ["Took", execution.startedAt && took(execution)], ["Attempt", html`${execution.attempt} <span class="faint">of ${execution.maxAttempts}</span>`],
    ["Reason", execution.reason], ["Cancelled by", cancellation && `${cancellation.by}${cancellation.reason ? `: ${cancellation.reason}` : ""}`],
    ["Queue", html`<a href=${href("/executions", { q: `queue:${/\s/.test(execution.queue) ? `"${execution.queue}"` : execution.queue}` })}>${execution.queue}</a>`], ["Priority", number(execution.priority)], ["Timeout", duration(execution.timeoutSeconds)],
    ["Worker", execution.workerId && html`<a class="mono" href=${href("/executions", { q: `worker:${execution.workerId}` })} title=${`What else ran on ${execution.workerId}`}>${shortId(execution.workerId)}</a>`],
    ["Id", html`<span class="copied"><span class="mono">${execution.id}</span><${Copy} text=${execution.id} title="Copy the id" /></span>`]]} /></${Card}>`;
};

const Values = ({ execution, ended }) => {
  const { replayOf: _, ...metadata } = execution.metadata ?? {};
  const none = execution.parameters === null || shown(execution.parameters) === "{}";
  return html`<${Card} title="Parameters">${none ? html`<p class="faint">None.</p>` : html`<${Code} text=${shown(execution.parameters)} label="Parameters" />`}</${Card}>
    <${Card} title="Result">${execution.result === null ? html`<p class="faint">${ended ? "None." : "Not yet."}</p>` : html`<${Code} text=${shown(execution.result)} label="Result" />`}</${Card}>
    ${Object.keys(metadata).length > 0 && html`<${Card} title="Metadata"><${Code} text=${shown(metadata)} label="Metadata" /></${Card}>`}`;
};

const Actions = ({ job, execution, ended, retry, cancel }) => html`${job && html`<a class="button" href=${href(`/jobs/${job.id}`)}>Job</a>`}
  ${may("operate") && html`<${Button} icon="retrying" disabled=${!ended} title=${ended ? "Run again (r)" : "It has not ended"} onClick=${retry}>Run again</${Button}><${Button} icon="cancelled" disabled=${ended || execution.state === "Cancelling"} title=${ended ? "It has ended" : "Cancel (c)"} onClick=${cancel}>Cancel</${Button}>`}`;

export default function Execution({ id }) {
  const view = useView(`/api/views/executions/${id}`, {}, { on: /^execution\./, about: (event) => !event.data.executionId || event.data.executionId === id });
  const execution = view.data?.execution;
  const ended = execution ? ENDED.has(execution.state) : false;
  const progress = useProgress(execution, view.again);
  const retry = () => ended && may("operate") && retryMany([id], "this execution").then((done) => done && view.again(), complain);
  const cancel = () => execution && !ended && execution.state !== "Cancelling" && may("operate") && cancelMany([id]).then((done) => done && view.again(), complain);
  useShortcut("r", "Run it again", retry);
  useShortcut("c", "Cancel it", cancel);
  useShortcut("w", "Why does it not run?", () => document.getElementById("why")?.scrollIntoView({ block: "center" }));
  return html`<${Awaited} view=${view}>${({ job, causes, why, logs }) => html`
    <${Head} title=${execution.name ?? execution.type} beside=${html`<${State} value=${execution.state} />`}><${Actions} ...${{ job, execution, ended, retry, cancel }} /></${Head}>
    ${progress && !ended && html`<${Progress} progress=${progress} />`}
    <div class="execution-screen"><div class="stack">
      ${why && !LEASED.includes(execution.state) && html`<${Card} title="Why does it not run?"><${Why} why=${why} /></${Card}>`}
      ${execution.errorMessage && html`<${Failure} execution=${execution} />`}
      <${Card} title="Log"><${Log} key=${id} id=${id} first=${logs} live=${!ended} onEnd=${view.again} /></${Card}>
      <${Card} title="Attempts" flush=${true}><${Attempts} attempts=${execution.attempts} /></${Card}>
    </div><div class="stack side">
      <${About} execution=${execution} job=${job} />
      <${Card} title="What became of it"><${Causes} causes=${causes} /></${Card}>
      <${Values} execution=${execution} ended=${ended} />
    </div></div>`}</${Awaited}>`;
}
