// What is done to a job: pause, resume, disable, delete, skip. What can be taken back offers it.
import { may, post, put, remove } from "../lib/api.js";
import { html } from "../lib/html.js";
import { bodyOf } from "../lib/job_definition.js";
import { confirm } from "./dialog.js";
import { Diff } from "./diff.js";
import { ask, Field } from "./form_dialog.js";
import { Moment } from "./schedule_rule.js";
import { readersZone } from "./schema_form.js";
import { complain, say } from "./toast.js";
import { told } from "./time.js";

const SPANS = [["1 h", 3600e3], ["4 h", 4 * 3600e3], ["24 h", 24 * 3600e3], ["7 d", 7 * 24 * 3600e3]];

const inSpan = (ms) => new Date(Math.ceil((Date.now() + ms) / 60000) * 60000).toISOString().replace(".000Z", "Z");

const PauseFields = ({ values, set, problem }) => html`<p>Its schedules start nothing until the pause ends, and what is queued waits. What runs goes on; by hand it can still be started.</p>
  <${Field} label="Reason (optional)" name="note" values=${values} set=${set} problem=${problem} maxlength="1000" autofocus placeholder="seen by all, and in the audit" />
  <div class="stack tight"><${Moment} word="Until (optional)" at=${values.until} zone=${readersZone()} wrong=${problem?.of?.("until") ?? null} onAt=${(at) => set("until", at)} />
    <span class="examples">${SPANS.map(([word, ms]) => html`<button key=${word} type="button" class="linklike" onClick=${() => set("until", inSpan(ms))}>${word}</button>`)}${values.until && html`<button type="button" class="linklike" onClick=${() => set("until", null)}>until it is resumed</button>`}</span></div>`;

const tried = (promise) => promise.catch(complain);

/** @param {any} job @param {() => void} again */
const pause = (job, again) => ask({
  title: `Pause ${job.name}?`, verb: "Pause", values: { note: "", until: null },
  fields: (values, set, problem) => html`<${PauseFields} values=${values} set=${set} problem=${problem} />`,
  act: ({ note, until }) => post(`/api/jobs/${job.id}/pause`, { ...(note.trim() ? { note: note.trim() } : {}), ...(until ? { until } : {}) }),
}).then((done) => {
  if (!done) return;
  say(`${job.name} is paused${done.pausedUntil ? ` until ${told(done.pausedUntil, null)}` : ""}`, { undo: () => tried(post(`/api/jobs/${job.id}/resume`).then(again)) });
  again();
});

async function resume(job, again) {
  await post(`/api/jobs/${job.id}/resume`);
  const before = { ...(job.note ? { note: job.note } : {}), ...(job.pausedUntil ? { until: job.pausedUntil } : {}) };
  say(`${job.name} goes on`, { undo: () => tried(post(`/api/jobs/${job.id}/pause`, before).then(again)) });
  again();
}

/** Pause with a note and perhaps an end, or resume. */
export const pauseOrResume = (job, again) => tried(job.state === "Paused" ? resume(job, again) : pause(job, again));

async function disable(job, again) {
  const done = await confirm({
    title: `Disable ${job.name}?`, verb: "Disable", says: html`<p>Nothing of it starts any more, not even by hand. What runs goes on.</p>`, act: (note) => post(`/api/jobs/${job.id}/disable`, note ? { note } : {}),
  });
  if (!done) return;
  say(`${job.name} is disabled`, { undo: () => tried(post(`/api/jobs/${job.id}/enable`).then(again)) });
  again();
}

async function enable(job, again) {
  await post(`/api/jobs/${job.id}/enable`);
  say(`${job.name} is enabled`, { undo: () => tried(post(`/api/jobs/${job.id}/disable`, job.note ? { note: job.note } : {}).then(again)) });
  again();
}

export const turn = (job, again) => tried(job.state === "Disabled" ? enable(job, again) : disable(job, again));

/** Leave out the next fire of the only schedule. @param {any} job a row of the list of jobs */
export async function skipNext(job, again) {
  const exceptions = `/api/schedules/${job.scheduleId}/exceptions`;
  try {
    const made = await post(exceptions, { action: "skip", at: "next" });
    say(`${job.name} skips ${told(made.at, job.timeZone)}`, { undo: () => tried(remove(`${exceptions}/${made.id}`).then(again)) });
    again();
  } catch (problem) { complain(problem); }
}

/** Ask, then take the job away. Its name is typed: this cannot be undone. Resolves to whether it is gone. */
export const drop = (job) => confirm({
  title: `Delete ${job.name}?`, verb: "Delete", tone: "danger", reason: "", word: job.name,
  says: html`<p>Its schedules go with it, and what waits is cancelled. What runs goes on, and its history stays. This cannot be undone.</p>`,
  act: () => remove(`/api/jobs/${job.id}`, { headers: { "If-Match": `"${job.version}"` } }),
}).then((done) => { if (done) say(`${job.name} is deleted`); return Boolean(done); });

/** End all of its executions that have not ended. */
export const cancelAll = (job, again) => confirm({
  title: `Cancel all executions of ${job.name}?`, verb: "Cancel them", tone: "danger", reason: "required", says: html`<p>What waits ends at once. What runs is asked to stop, and killed when it does not.</p>`,
  act: (reason) => post(`/api/jobs/${job.id}/cancel`, { reason }),
}).then((done) => { if (done) { say(done.items.length ? `${done.items.length} cancelled` : "Nothing was left to cancel"); again(); } });

/** Make the definition that of an older version, as a new one. @param {any} job @param {any} current what it is now @param {any} version */
export const rollBack = (job, current, version, schedules) => confirm({
  title: `Back to version ${version.version}?`, verb: "Roll back", reason: "",
  says: html`<div class="stack"><p>The definition becomes that of version ${version.version} again, as a new version. Its schedules stay as they are.</p><${Diff} before=${current} after=${version.definition} /></div>`,
  act: () => put(`/api/jobs/${job.id}`, bodyOf({ ...job, ...current }, version.definition, schedules), { headers: { "If-Match": `"${job.version}"` } }),
}).then((done) => { if (done) say(`${job.name} is as it was in version ${version.version}`); return Boolean(done); });

/** Whether the definition may be changed here: not that of a job that comes with code. */
export const editable = (job) => may("edit") && job.source !== "code";
