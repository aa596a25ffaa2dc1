// A schedule: edit it and see what that does before it is saved; exceptions, its ledger, and whether nothing was forgotten.
import { may, post, put } from "../lib/api.js";
import { number } from "../lib/format.js";
import { html, useEffect, useMemo, useState } from "../lib/html.js";
import { go, href } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { Dialog, over } from "../parts/dialog.js";
import { FireDifference } from "../parts/fire_difference.js";
import { useFurther } from "../parts/further.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Empty, Facts, Head, Refusal, Tabs } from "../parts/layout.js";
import { Account, Ledger } from "../parts/ledger.js";
import { addException, deleteSchedule, pauseOrResume, skipNext, takeBack } from "../parts/schedule_actions.js";
import { ScheduleEditor } from "../parts/schedule_editor.js";
import { State } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { say } from "../parts/toast.js";

const TABS = [["rule", "Rule"], ["exceptions", "Exceptions"], ["ledger", "Ledger"], ["account", "Account"]];
const START = { cron: "0 6 * * MON-FRI", timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone };

const Review = ({ title, difference, zone, save, close }) => {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try { close(await save()); } catch (refusal) { setProblem(refusal); setBusy(false); }
  };
  return html`<${Dialog} title=${title} onClose=${() => close(undefined)}><form onSubmit=${submit}>
    <${FireDifference} difference=${difference} zone=${zone} />
    ${problem && html`<${Refusal} problem=${problem} />`}
    <footer><${Button} onClick=${() => close(undefined)}>Back</${Button}><button class="button primary" autofocus disabled=${busy}>${busy ? "…" : "Save"}</button></footer>
  </form></${Dialog}>`;
};

/** Ask the server what saving would do; show it; then save. `write(query)` sends the document. */
async function review({ title, zone, write }) {
  const difference = await write("?dryRun=true");
  return over((close) => html`<${Review} ...${{ title, difference, zone, close }} save=${() => write("")} />`);
}

/** The editor with its own save: a draft over what is stored. */
const Draft = ({ stored, revision = null, title, write, saved, locked = "" }) => {
  const [draft, setDraft] = useState(stored);
  const [base, setBase] = useState({ stored, revision });
  const [broken, setBroken] = useState("");
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const changed = revision === null || JSON.stringify(draft) !== JSON.stringify(base.stored);
  const newer = revision !== base.revision;
  const load = () => { setBase({ stored, revision }); setDraft(stored); setProblem(null); };
  useEffect(() => { if (newer && !changed) load(); }, [revision]);
  const save = async () => {
    if (!changed || broken || busy || locked) return;
    setBusy(true);
    setProblem(null);
    try {
      const made = await review({ title, zone: draft.timeZone || "UTC", write: (query) => write(draft, base.revision, query) });
      if (made) { if (made.rule) { setBase({ stored: made.rule, revision: made.revision }); setDraft(made.rule); } saved(made); }
    } catch (refusal) { setProblem(refusal); }
    setBusy(false);
  };
  useShortcut("s", "Review and save", save);
  return html`<${Card}><div class="stack">
    ${newer && changed && html`<div class="banner tone-warn" role="status"><span>Somebody has saved revision ${revision} meanwhile.</span><${Button} onClick=${load}>Drop mine and show it</${Button}></div>`}
    ${locked && html`<p class="faint">${locked}</p>`}
    <${ScheduleEditor} value=${draft} onChange=${setDraft} problem=${problem} onBroken=${setBroken} />
    ${problem && html`<${Refusal} problem=${problem} />`}
    ${!locked && html`<footer class="row save"><span class="faint">${changed ? "Not saved yet." : "Saved."}</span><span class="grow"></span>${revision !== null && html`<${Button} disabled=${!changed} onClick=${() => { setDraft(base.stored); setProblem(null); }}>Undo changes</${Button}>`}<${Button} tone="primary" title="Review and save (s)" disabled=${!changed || Boolean(broken) || busy} onClick=${save}>${busy ? "…" : "Review and save"}</${Button}></footer>`}
  </div></${Card}>`;
};

const New = ({ job }) => {
  const view = useView(job ? `/api/jobs/${job}` : null);
  const start = useMemo(() => START, []);
  if (!job) return html`<${Head} title="New schedule" /><${Card}><${Empty} title="Of which job?" icon="jobs"><p>Open a job, then “New schedule”: <a href="#/jobs">Jobs</a></p></${Empty}></${Card}>`;
  return html`<${Head} title="New schedule" beside=${view.data && html`<span class="faint">of</span><a href=${href(`/jobs/${job}`)}>${view.data.name}</a>`} />
    <${Awaited} view=${view}>${() => html`<${Draft} stored=${start} title="Save the new schedule?" locked=${may("edit") ? "" : "You may look, not change."}
      write=${(document, _revision, query) => post(`/api/schedules${query}`, { ...document, jobId: job })}
      saved=${(made) => { say("The schedule is there"); go(`/schedules/${made.id}`, {}, { replace: true }); }} />`}</${Awaited}>`;
};

const ACTIONS = { skip: "Skip", skipUntil: "Skip all until", move: "Move", add: "Add" };
const exceptionColumns = (schedule, again) => [
  { key: "action", title: "What", cell: (row) => ACTIONS[row.action] },
  { key: "at", title: "Instant", cell: (row) => html`<${Time} at=${row.at} zone=${schedule.timeZone} full=${true} />` },
  { key: "to", title: "To, until", cell: (row) => html`<${Time} at=${row.to ?? row.until} zone=${schedule.timeZone} full=${true} />` },
  { key: "reason", title: "Reason", fill: true, cell: (row) => html`<span class="cut" title=${row.reason ?? ""}>${row.reason ?? html`<span class="faint">–</span>`}</span>` },
  { key: "by", title: "By", wide: true, cell: (row) => html`${row.createdBy}, <${Time} at=${row.createdAt} />` },
  { key: "undo", title: html`<span class="unseen">Take back</span>`, right: true, cell: (row) => may("operate") && html`<${Button} tone="small" onClick=${() => takeBack(schedule, row, again)}>Take back</${Button}>` },
];

const Exceptions = ({ schedule, refresh }) => {
  const path = `/api/schedules/${schedule.id}/exceptions`;
  const view = useView(path, { limit: 50 }, { on: /^schedule\./ });
  const further = useFurther(path, { limit: 50 });
  const again = () => { further.forget(); view.again(); refresh(); };
  const add = may("operate") && schedule.state !== "Ended" && html`<${Button} icon="plus" onClick=${() => addException(schedule, again)}>New exception</${Button}>`;
  return html`<${Awaited} view=${view}>${(data) => html`<${Card} title="Exceptions" beside=${add} flush=${true}>${data.items.length === 0 ? html`<${Empty} title="No exceptions" icon="skipped"><p>Skip, move or add single fires; the rule stays as it is.</p></${Empty}>`
    : html`<${Table} label="Exceptions" columns=${exceptionColumns(schedule, again)} rows=${further.rows(data)} />`}${further.button(data)}</${Card}>`}</${Awaited}>`;
};

const Existing = ({ id, query }) => {
  const view = useView(`/api/schedules/${id}`, {}, { on: /^(schedule|occurrence|calendar)\./, about: (event) => !event.data.jobId || event.data.jobId === view.data?.jobId, every: 30000 });
  const tab = query.tab ?? "rule";
  const schedule = view.data;
  const act = (what) => () => schedule && may("operate") && schedule.state !== "Ended" && what(schedule, view.again);
  useShortcut("n", "Skip the next fire", act(skipNext));
  useShortcut("x", "Skip, move or add a fire", act(addException));
  return html`<${Awaited} view=${view}>${() => {
    const code = schedule.createdBy === "code";
    const ended = schedule.state === "Ended";
    return html`<${Head} title=${schedule.name ?? schedule.describe} beside=${html`<${State} value=${schedule.state} />${schedule.note && html`<span class="faint">“${schedule.note}”</span>`}`}>
      ${may("operate") && !ended && html`<${Button} icon=${schedule.state === "Paused" ? "play" : "paused"} onClick=${act(pauseOrResume)}>${schedule.state === "Paused" ? "Resume" : "Pause"}</${Button}><${Button} icon="skipped" title="Skip the next fire (n)" disabled=${!schedule.nextAt} onClick=${act(skipNext)}>Skip next</${Button}><${Button} title="Skip, move or add a fire (x)" onClick=${act(addException)}>Exception…</${Button}>`}
      ${may("edit") && html`<${Button} icon="trash" title=${code ? "It comes with code" : "Delete"} aria-label="Delete" disabled=${code} onClick=${() => deleteSchedule(schedule, () => go(`/jobs/${schedule.jobId}`, { tab: "schedules" }))} />`}</${Head}>
    <${Card}><${Facts} facts=${[["Job", html`<a href=${href(`/jobs/${schedule.jobId}`)}>${schedule.jobName ?? schedule.jobId}</a>`], ["In words", schedule.name ? schedule.describe : null], ["Next", html`<${Time} at=${schedule.nextAt} zone=${schedule.timeZone} full=${true} none="none" />`], ["Fired", html`${number(schedule.runs)} times, the last instant <${Time} at=${schedule.lastAt} zone=${schedule.timeZone} none="none" />`], ["Revision", html`${schedule.revision}, <${Time} at=${schedule.updatedAt} />`], ["Made by", schedule.createdBy]]} /></${Card}>
    <${Tabs} tabs=${TABS} chosen=${tab} />
    ${tab === "rule" && html`<${Draft} stored=${schedule.rule} revision=${schedule.revision} title="Save this revision?" locked=${code ? "This schedule comes with code: change it there. You may pause it here and add exceptions." : may("edit") ? "" : "You may look, not change."}
      write=${(document, revision, query) => put(`/api/schedules/${id}${query}`, document, { headers: { "If-Match": `"${revision}"` } })}
      saved=${(made) => { say(`Revision ${made.revision} is saved${made.difference ? `: ${made.difference.summary}` : ""}`); view.again(); }} />`}
    ${tab === "exceptions" && html`<${Exceptions} schedule=${schedule} refresh=${view.again} />`}
    ${tab === "ledger" && html`<${Ledger} schedule=${schedule} decision=${query.decision} />`}
    ${tab === "account" && html`<${Account} schedule=${schedule} days=${query.days} />`}`;
  }}</${Awaited}>`;
};

export default function Schedule({ id, query }) {
  return id === "new" ? html`<${New} job=${query.job} />` : html`<${Existing} id=${id} query=${query} />`;
}
