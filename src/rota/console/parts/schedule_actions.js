// What an operator does to a schedule: pause, resume, and exceptions to single instants, each of which can be taken back.
import { get, post, remove } from "../lib/api.js";
import { absolute } from "../lib/format.js";
import { html, useEffect, useState } from "../lib/html.js";
import { fireOf } from "../lib/fires.js";
import { confirm, Dialog, over } from "./dialog.js";
import { Choice, Field, Text } from "./fields.js";
import { Button, Refusal } from "./layout.js";
import { Moment } from "./schedule_rule.js";
import { complain, say } from "./toast.js";

const named = (schedule) => schedule.name ?? schedule.describe;
const told = (at, schedule) => `${absolute(at, schedule.timeZone, { seconds: false, weekday: true })} ${schedule.timeZone}`;

/** Ask why, then pause; or resume at once. `done` is called after either. */
export function pauseOrResume(schedule, done) {
  if (schedule.state === "Paused") {
    return post(`/api/schedules/${schedule.id}/resume`).then(() => { say(`${named(schedule)} fires again`); done(); }, complain);
  }
  return confirm({
    title: "Pause this schedule?", verb: "Pause",
    says: html`<p><b>${named(schedule)}</b> fires no more until somebody resumes it. To leave out some days only, add an exception: it ends by itself.</p>`,
    act: (note) => post(`/api/schedules/${schedule.id}/pause`, note ? { note } : {}),
  }).then((is) => { if (is) { say(`${named(schedule)} is paused`, { undo: () => pauseOrResume({ ...schedule, state: "Paused" }, done) }); done(); } });
}

/** Take an exception back. */
export const takeBack = (schedule, exception, done) =>
  remove(`/api/schedules/${schedule.id}/exceptions/${exception.id}`).then(() => { say("The exception is taken back"); done(); }, complain);

function added(schedule, made, done) {
  const next = made.nextAt ? `; next: ${told(made.nextAt, schedule)}` : "";
  const what = { skip: `skips ${told(made.at, schedule)}`, skipUntil: `skips until ${told(made.until ?? made.at, schedule)}`, move: `moves ${told(made.at, schedule)} to ${told(made.to ?? made.at, schedule)}`, add: `also fires ${told(made.at, schedule)}` }[made.action];
  say(`It ${what}${next}`, { undo: () => takeBack(schedule, made, done) });
  done();
}

/** Leave out the next fire. */
export const skipNext = (schedule, done) => confirm({
  title: "Skip the next fire?", verb: "Skip it", says: html`<p><b>${named(schedule)}</b> does not fire ${schedule.nextAt ? told(schedule.nextAt, schedule) : "the next time"}; then it goes on as before.</p>`,
  act: (reason) => post(`/api/schedules/${schedule.id}/exceptions`, { action: "skip", at: schedule.nextAt ?? "next", ...(reason ? { reason } : {}) }),
}).then((made) => made && added(schedule, made, done));

const ACTIONS = [["skip", "Skip one fire"], ["move", "Move one fire"], ["add", "Add a fire"], ["skipUntil", "Skip everything until"]];

const Instant = ({ schedule, fires, at, setAt, wrong }) => {
  const known = fires.some((fire) => fire.at === at);
  const [other, setOther] = useState(false);
  if (fires.length === 0 || other) return html`<${Moment} word="Which fire" required=${true} at=${at} zone=${schedule.timeZone} wrong=${wrong} onAt=${setAt} />`;
  return html`<${Field} word="Which fire" says=${`in ${schedule.timeZone}`} wrong=${wrong}><${Choice} value=${known ? at : ""} options=${[...fires.map((fire) => { const one = fireOf(fire); return [fire.at, `${one.weekday} ${one.date} ${one.time}`]; }), ["other", "another one…"]]} onValue=${(it) => (it === "other" ? setOther(true) : setAt(it))} /></${Field}>`;
};

const ExceptionForm = ({ schedule, close }) => {
  const [fires, setFires] = useState([]);
  const [form, setForm] = useState({ action: "skip", at: schedule.nextAt, to: null, until: null, reason: "" });
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const set = (changes) => setForm({ ...form, ...changes });
  useEffect(() => { get(`/api/views/jobs/${schedule.jobId}`).then((data) => setFires(data.schedules.find(({ id }) => id === schedule.id)?.upcoming ?? []), () => {}); }, []);
  const { action } = form;
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const body = { action, ...(action === "skipUntil" ? { until: form.until } : { at: form.at }), ...(action === "move" ? { to: form.to } : {}), ...(form.reason.trim() ? { reason: form.reason.trim() } : {}) };
    try { close(await post(`/api/schedules/${schedule.id}/exceptions`, body)); } catch (refusal) { setProblem(refusal); setBusy(false); }
  };
  const wrong = (name) => problem?.of?.(name);
  return html`<${Dialog} title="New exception" onClose=${() => close(undefined)}><form onSubmit=${submit}>
    <div class="field" role="group" aria-label="What"><span class="choices">${ACTIONS.map(([key, word]) => html`<button key=${key} type="button" aria-pressed=${action === key} onClick=${() => set({ action: key, at: key === "add" ? null : schedule.nextAt })}>${word}</button>`)}</span></div>
    <div class="grid">
      ${(action === "skip" || action === "move") && html`<${Instant} schedule=${schedule} fires=${fires} at=${form.at} setAt=${(at) => set({ at })} wrong=${wrong("at")} />`}
      ${action === "add" && html`<${Moment} word="When" required=${true} at=${form.at} zone=${schedule.timeZone} wrong=${wrong("at")} onAt=${(at) => set({ at })} />`}
      ${action === "move" && html`<${Moment} word="It fires instead" required=${true} at=${form.to} zone=${schedule.timeZone} wrong=${wrong("to")} onAt=${(to) => set({ to })} />`}
      ${action === "skipUntil" && html`<${Moment} word="Up to and with" required=${true} at=${form.until} zone=${schedule.timeZone} wrong=${wrong("until")} onAt=${(until) => set({ until })} />`}
    </div>
    <${Field} word="Reason (optional)" wrong=${wrong("reason")}><${Text} maxlength="1000" placeholder="goes into the ledger and the audit" value=${form.reason} onValue=${(reason) => set({ reason })} /></${Field}>
    ${problem && html`<${Refusal} problem=${problem} />`}
    <footer><${Button} onClick=${() => close(undefined)}>Back</${Button}><button class="button primary" disabled=${busy}>${busy ? "…" : "Add the exception"}</button></footer>
  </form></${Dialog}>`;
};

/** Skip, move or add single fires, in a dialog. @param {any} schedule with id, jobId, timeZone, nextAt */
export const addException = (schedule, done) => over((close) => html`<${ExceptionForm} schedule=${schedule} close=${close} />`).then((made) => made && added(schedule, made, done));

/** Ask, then take the schedule away. */
export const deleteSchedule = (schedule, done) => confirm({
  title: "Delete this schedule?", verb: "Delete", tone: "danger", reason: "", says: html`<p><b>${named(schedule)}</b> fires no more. What it has queued still runs, and its ledger stays.</p>`,
  act: () => remove(`/api/schedules/${schedule.id}`, schedule.revision ? { headers: { "If-Match": `"${schedule.revision}"` } } : {}),
}).then((is) => { if (is) { say(`${named(schedule)} is deleted`); done(); } });
