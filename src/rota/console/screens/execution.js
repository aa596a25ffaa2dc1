// An execution: how it stands, how it came to that, its attempts side by side, its log as it is written.
import { may } from "../lib/api.js";
import { html } from "../lib/html.js";
import { duration, local } from "../lib/format.js";
import { href } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { cancelMany, retryMany } from "../parts/bulk.js";
import { Code, Copy } from "../parts/copy.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Facts, Head } from "../parts/layout.js";
import { Log } from "../parts/log.js";
import { State, toneOf } from "../parts/state.js";
import { Time, now } from "../parts/time.js";
import { complain } from "../parts/toast.js";
import { Why } from "../parts/why.js";

const ENDED = new Set(["Succeeded", "Failed", "Cancelled", "Skipped", "Expired"]);

const Causes = ({ causes }) => html`<ol class="causes">${causes.map((one) => html`<li key=${one.seq} class=${`step-${toneOf(one.kind)}`}><span class="faint nowrap"><${Time} at=${one.at} full=${true} /></span><span>${one.says}</span></li>`)}</ol>`;

const Attempts = ({ attempts }) => html`<div class="scroller"><table aria-label="Attempts"><thead><tr><th scope="col">Attempt</th><th scope="col">State</th><th scope="col">Began</th><th scope="col" class="right">Took</th><th scope="col" class="only-wide">Worker</th><th scope="col">Error</th></tr></thead>
  <tbody>${attempts.map((one) => html`<tr key=${one.token}><td>${one.number}</td><td><${State} value=${one.state} /></td><td><${Time} at=${one.startedAt} /></td><td class="right">${one.finishedAt ? duration(one.durationSeconds) : duration((now.value - Date.parse(one.startedAt)) / 1000)}</td><td class="mono only-wide">${one.workerId?.slice(-12)}</td><td class="fill"><span class="cut" title=${one.errorMessage ?? ""}>${one.errorMessage ?? ""}</span></td></tr>`)}</tbody></table></div>`;

const ORIGINS = { schedule: "its schedule", manual: "by hand", submission: "submitted", replay: "a retry", backfill: "a backfill" };

export default function Execution({ id }) {
  const view = useView(`/api/views/executions/${id}`, {}, { on: /^execution\./, about: (event) => !event.data.executionId || event.data.executionId === id });
  const execution = view.data?.execution;
  const ended = execution && ENDED.has(execution.state);
  const retry = () => ended && may("operate") && retryMany([id], "this execution").then(view.again, complain);
  const cancel = () => execution && !ended && may("operate") && cancelMany([id]).then(view.again, complain);
  useShortcut("r", "Run it again", retry);
  useShortcut("c", "Cancel it", cancel);
  useShortcut("w", "Why does it not run?", () => document.getElementById("why")?.scrollIntoView({ block: "center" }));
  return html`<${Awaited} view=${view}>${({ job, causes, why, logs }) => html`
    <${Head} title=${execution.name ?? execution.type} beside=${html`<${State} value=${execution.state} />`}>
      ${job && html`<a class="button" href=${href(`/jobs/${job.id}`)}>Job</a>`}
      ${may("operate") && html`<${Button} icon="retrying" disabled=${!ended} title="Run again (r)" onClick=${retry}>Run again</${Button}><${Button} icon="cancelled" disabled=${ended || execution.state === "Cancelling"} title="Cancel (c)" onClick=${cancel}>Cancel</${Button}>`}
    </${Head}>
    ${execution.progress && !ended && html`<div class="progress"><progress max="1" value=${execution.progress.fraction} aria-label="Progress"></progress><span>${Math.round(execution.progress.fraction * 100)} %</span><span class="faint">${execution.progress.message ?? ""}</span></div>`}
    ${execution.errorMessage && html`<${Card} title="Error"><p class="ink-bad error">${execution.errorMessage}</p>${execution.stackTrace && html`<details><summary>Stack</summary><${Code} text=${execution.stackTrace} label="Stack" /></details>`}</${Card}>`}
    ${why && !["Running", "Cancelling"].includes(execution.state) && html`<${Card} title="Why does it not run?"><${Why} why=${why} /></${Card}>`}
    <${Card} title="Log"><${Log} key=${id} id=${id} first=${logs} live=${!ended} onEnd=${view.again} /></${Card}>
    <div class="cards">
      <${Card} title="What became of it"><${Causes} causes=${causes} /></${Card}>
      <${Card} title="Facts"><${Facts} facts=${[
        ["Started by", html`${ORIGINS[execution.trigger] ?? execution.trigger}${execution.actor ? `, ${execution.actor}` : ""}`], ["Schedule", execution.scheduleId && html`<a href=${href(`/schedules/${execution.scheduleId}`)}>${execution.nominalAt ? local(execution.nominalAt) : execution.scheduleId.slice(-12)} UTC</a>`],
        ["Began", html`<${Time} at=${execution.startedAt} full=${true} />`], ["Ended", html`<${Time} at=${execution.finishedAt} full=${true} />`], ["Took", duration(execution.durationSeconds)], ["Queue", execution.queue], ["Priority", execution.priority], ["Timeout", duration(execution.timeoutSeconds)],
        ["Reason", execution.reason], ["Cancelled by", execution.cancellation && `${execution.cancellation.by}${execution.cancellation.reason ? `: ${execution.cancellation.reason}` : ""}`], ["Worker", execution.workerId && html`<span class="mono">${execution.workerId.slice(-12)}</span>`],
        ["Id", html`<span class="mono">${execution.id}</span> <${Copy} text=${execution.id} title="Copy the id" />`]]} /></${Card}>
      <${Card} title="Attempts" flush=${true} wide=${true}>${execution.attempts.length ? html`<${Attempts} attempts=${execution.attempts} />` : html`<p class="nothing">None has begun.</p>`}</${Card}>
      <${Card} title="Parameters"><${Code} text=${JSON.stringify(execution.parameters, null, 2)} label="Parameters" /></${Card}>
      <${Card} title="Result">${execution.result === null ? html`<p class="faint">${ended ? "None." : "Not yet."}</p>` : html`<${Code} text=${JSON.stringify(execution.result, null, 2)} label="Result" />`}</${Card}>
    </div>`}</${Awaited}>`;
}
