// A new job, or another definition of one.
import { post, put } from "../lib/api.js";
import { html, useState } from "../lib/html.js";
import { Dialog, over } from "./dialog.js";
import { Button, Refusal } from "./layout.js";
import { ScheduleEditor } from "./schedule_editor.js";
import { complain, say } from "./toast.js";

const KINDS = {
  http: { word: "HTTP call", type: "https://example.com/hook", parameters: { HttpMethod: "POST", ContentType: "application/json", Body: "{}" } },
  script: { word: "Script", type: "script", parameters: { command: "echo hello" } },
  python: { word: "Python function", type: "echo", parameters: {} },
};

const JobForm = ({ job, close }) => {
  const [name, setName] = useState(job?.name ?? "");
  const [kind, setKind] = useState(job ? null : "script");
  const [type, setType] = useState(job?.jobType ?? KINDS.script.type);
  const [parameters, setParameters] = useState(JSON.stringify(job ? job.parameters : KINDS.script.parameters, null, 2));
  const [scheduled, setScheduled] = useState(false);
  const [schedule, setSchedule] = useState({ cron: "0 6 * * MON-FRI" });
  const [more, setMore] = useState({
    description: job?.description ?? "", queue: job?.queue ?? "default", teamName: job?.teamName ?? "", ownerName: job?.ownerName ?? "",
    timeoutSeconds: String(job?.timeoutSeconds ?? 300), retryCount: String(job?.retryCount ?? 3), priority: String(job?.priority ?? 0), tags: (job?.tags ?? []).join(", "), category: job?.category ?? "",
  });
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const choose = (one) => { setKind(one); setType(KINDS[one].type); setParameters(JSON.stringify(KINDS[one].parameters, null, 2)); };
  const broken = (() => { try { JSON.parse(parameters || "{}"); return ""; } catch (error) { return error.message; } })();
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const body = {
      name: name.trim(), jobType: type.trim(), parameters: JSON.parse(parameters || "{}"), queue: more.queue.trim() || "default",
      description: more.description.trim() || null, teamName: more.teamName.trim() || null, ownerName: more.ownerName.trim() || null, category: more.category.trim() || null,
      timeoutSeconds: Number(more.timeoutSeconds), retryCount: Number(more.retryCount), priority: Number(more.priority),
      tags: more.tags.split(",").map((tag) => tag.trim()).filter(Boolean), ...(scheduled ? { schedule } : {}),
    };
    try {
      const made = job ? await put(`/api/jobs/${job.id}`, changes(job, body), { headers: { "If-Match": `"${job.version}"` } }) : await post("/api/jobs", body);
      say(job ? `${made.name} is version ${made.version} now` : `${made.name} is there`);
      close(made);
    } catch (refusal) { setProblem(refusal); setBusy(false); }
  };
  const wrong = (field) => problem?.of?.(field);
  const plain = (key, word, extra = {}) => html`<label class="field">${word}<input value=${more[key]} aria-invalid=${wrong(key) ? "true" : undefined} onInput=${(event) => setMore({ ...more, [key]: event.target.value })} ...${extra} />${wrong(key) && html`<small class="wrong">${wrong(key)}</small>`}</label>`;
  return html`<${Dialog} title=${job ? `Edit ${job.name}` : "New job"} onClose=${() => close(undefined)} wide=${true}><form onSubmit=${submit}>
    <div class="grid"><label class="field">Name<input autofocus required maxlength="200" value=${name} aria-invalid=${wrong("name") ? "true" : undefined} onInput=${(event) => setName(event.target.value)} placeholder="reports.daily" />${wrong("name") && html`<small class="wrong">${wrong("name")}</small>`}</label>
      ${plain("description", "Description")}</div>
    ${!job && html`<div class="field"><span>What it does</span><span class="choices" role="group" aria-label="Kind">${Object.entries(KINDS).map(([key, { word }]) => html`<button key=${key} type="button" aria-pressed=${kind === key} onClick=${() => choose(key)}>${word}</button>`)}</span></div>`}
    <label class="field">Type<input required class="mono" spellcheck=${false} value=${type} aria-invalid=${wrong("jobType") ? "true" : undefined} onInput=${(event) => setType(event.target.value)} /><small class=${wrong("jobType") ? "wrong" : ""}>${wrong("jobType") ?? "the name of a Python function, a URL, or script"}</small></label>
    <label class="field">Parameters (JSON)<textarea rows="4" spellcheck=${false} value=${parameters} aria-invalid=${broken || wrong("parameters") ? "true" : undefined} onInput=${(event) => setParameters(event.target.value)}></textarea>${(broken || wrong("parameters")) && html`<small class="wrong">${broken || wrong("parameters")}</small>`}</label>
    <details open=${Boolean(job)}><summary>Owner, queue, retries</summary><div class="grid">${plain("teamName", "Team")}${plain("ownerName", "Owner")}${plain("category", "Category")}${plain("tags", "Tags, with commas")}${plain("queue", "Queue")}${plain("priority", "Priority", { type: "number" })}${plain("timeoutSeconds", "Timeout, seconds", { type: "number", min: 1 })}${plain("retryCount", "Retries", { type: "number", min: 0 })}</div></details>
    ${!job && html`<label class="check"><input type="checkbox" checked=${scheduled} onChange=${() => setScheduled(!scheduled)} /> On a schedule</label>`}
    ${scheduled && html`<fieldset><legend>Schedule</legend><${ScheduleEditor} value=${schedule} onChange=${setSchedule} problem=${problem} /></fieldset>`}
    ${problem && html`<${Refusal} problem=${problem} />`}
    <footer><${Button} onClick=${() => close(undefined)}>Back</${Button}><button class="button primary" disabled=${busy || Boolean(broken)}>${busy ? "…" : job ? "Save" : "Create"}</button></footer>
  </form></${Dialog}>`;
};

/** Only what differs: the server keeps the rest. */
const changes = (job, body) => Object.fromEntries(Object.entries(body).filter(([name, value]) => JSON.stringify(job[name] ?? null) !== JSON.stringify(value)));

/** Make a job in a dialog. Resolves to it, or undefined. */
export const newJob = () => over((close) => html`<${JobForm} job=${null} close=${close} />`);

/** Change a job in a dialog. Jobs that come with code are changed there. @param {any} job */
export function editJob(job) {
  if (job.source === "code") { complain({ message: "this job comes with code: change it there" }); return Promise.resolve(undefined); }
  return over((close) => html`<${JobForm} job=${job} close=${close} />`);
}
