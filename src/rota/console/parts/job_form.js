// A new job, or another definition of one.
import { exactly, get, post, put } from "../lib/api.js";
import { write } from "../lib/exact.js";
import { html, useRef, useState } from "../lib/html.js";
import { bodyOf, changesOf, creationOf, needsAll, textsOf } from "../lib/job_definition.js";
import { Dialog, over } from "./dialog.js";
import { Choice, Field, Text, Toggle } from "./fields.js";
import { Button, Refusal } from "./layout.js";
import { ScheduleEditor } from "./schedule_editor.js";
import { complain, say } from "./toast.js";

const KINDS = {
  http: { word: "HTTP call", type: "https://example.com/hook", says: "the URL that is called", parameters: { HttpMethod: "POST", ContentType: "application/json", Body: "{}" } },
  script: { word: "Script", type: "script", says: "script: its command is among the parameters", parameters: { command: "echo hello" } },
  python: { word: "Python function", type: "echo", says: "the name of a function that a worker offers", parameters: {} },
};
const STRATEGIES = [["", "as usual"], ["fixed", "always as long"], ["linear", "longer each time"], ["exponential", "twice as long each time"], ["exponentialJitter", "twice as long, scattered"]];
const ISOLATIONS = [["", "as usual"], ["inline", "inline"], ["thread", "thread"], ["process", "process"]];
/** What is asked for apart, by group: [group, fields that tell whether it has an error]. */
const GROUPS = {
  who: ["teamName", "ownerName", "ownerEmail", "escalationContact", "category", "tags"],
  how: ["queue", "priority", "timeoutSeconds", "maxConcurrentExecutions", "concurrencyKey", "rateLimit", "allowedEnvironments", "isolation"],
  retries: ["retryCount", "retryStrategy", "baseDelaySeconds", "maxDelaySeconds"],
  schema: ["parametersSchema"],
};

const Group = ({ word, fields, form, open = false, children }) => html`<details open=${open || fields.some((name) => form.wrong(name))}><summary>${word}</summary><div class="grid">${children}</div></details>`;

/** @param {any} props */
const Line = ({ form, name, word, says = "", wide = false, ...rest }) => html`<${Field} word=${word} says=${says} wrong=${form.wrong(name)} wide=${wide}><${Text} value=${form.texts[name]} wrong=${form.wrong(name)} spellcheck=${false} onValue=${(text) => form.set({ [name]: text })} ...${rest} /></${Field}>`;

const Block = ({ form, name, word, says = "", rows = 4 }) => html`<${Field} word=${word} says=${says} wrong=${form.wrong(name)} wide=${true}><textarea rows=${Math.min(14, Math.max(rows, form.texts[name].split("\n").length))} spellcheck=${false} aria-invalid=${form.wrong(name) ? "true" : undefined} value=${form.texts[name]} onInput=${(event) => form.set({ [name]: event.target.value })}></textarea></${Field}>`;

const Options = ({ form, name, word, options }) => html`<${Field} word=${word} wrong=${form.wrong(name)}><${Choice} value=${form.texts[name]} options=${options} onValue=${(text) => form.set({ [name]: text })} /></${Field}>`;

const Groups = ({ form }) => html`
  <${Group} word="Who cares for it" fields=${GROUPS.who} form=${form}><${Line} form=${form} name="teamName" word="Team" /><${Line} form=${form} name="ownerName" word="Owner" /><${Line} form=${form} name="ownerEmail" word="Owner's e-mail" inputmode="email" /><${Line} form=${form} name="escalationContact" word="Whom to call" /><${Line} form=${form} name="category" word="Category" /><${Line} form=${form} name="tags" word="Tags, with commas" /></${Group}>
  <${Group} word="How it runs" fields=${GROUPS.how} form=${form}><${Line} form=${form} name="queue" word="Queue" /><${Line} form=${form} name="priority" word="Priority" inputmode="numeric" says="larger runs sooner" /><${Line} form=${form} name="timeoutSeconds" word="Timeout" says="such as 90s, 10m, 2h" />
    <${Line} form=${form} name="maxConcurrentExecutions" word="At most at once" inputmode="numeric" placeholder="no limit" /><${Line} form=${form} name="rateLimit" word="Starts in a time" placeholder="100/1m" /><${Line} form=${form} name="concurrencyKey" word="One at a time for each" placeholder="customer:{customerId}" />
    <${Line} form=${form} name="allowedEnvironments" word="Environments" placeholder="DEV, HOM, PROD" /><${Options} form=${form} name="isolation" word="Runs in a" options=${ISOLATIONS} /></${Group}>
  <${Group} word="Retries" fields=${GROUPS.retries} form=${form}><${Line} form=${form} name="retryCount" word="Retries" inputmode="numeric" /><${Options} form=${form} name="retryStrategy" word="Waits between them" options=${STRATEGIES} /><${Line} form=${form} name="baseDelaySeconds" word="First wait" placeholder="30s" /><${Line} form=${form} name="maxDelaySeconds" word="Longest wait" placeholder="1h" /></${Group}>
  <${Group} word="What the parameters must be" fields=${GROUPS.schema} form=${form}><${Block} form=${form} name="parametersSchema" word="JSON Schema" says="the form of the run dialog is made from it" rows=${6} /></${Group}>`;

const Schedule = ({ schedule, setSchedule, problem, setBroken }) => html`<label class="check"><input type="checkbox" checked=${schedule !== null} onChange=${() => setSchedule(schedule ? null : { cron: "0 6 * * MON-FRI" })} /> On a schedule</label>
  ${schedule && html`<fieldset><legend>Schedule</legend><${ScheduleEditor} value=${schedule} onChange=${setSchedule} problem=${problem} onBroken=${setBroken} /></fieldset>`}`;

/** Save what was changed; the schedules are asked for only where they must be sent again. */
async function save(job, changes) {
  const schedules = needsAll(job, changes) ? (await get(`/api/views/jobs/${job.id}`)).schedules : [];
  return put(`/api/jobs/${job.id}`, bodyOf(job, changes, schedules), { headers: { "If-Match": `"${job.version}"` } });
}

const JobForm = ({ job, close }) => {
  const before = useRef(textsOf(job)).current;
  const [kind, setKind] = useState(job ? null : "script");
  const [texts, setTexts] = useState(job ? before : { ...before, jobType: KINDS.script.type, parameters: write(KINDS.script.parameters, 2) });
  const [schedule, setSchedule] = useState(null);
  const [broken, setBroken] = useState("");
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const place = useRef(null);
  const read = job ? changesOf(before, texts) : creationOf(texts);
  const form = { texts, set: (changes) => setTexts((old) => ({ ...old, ...changes })), wrong: (name) => read.wrong[name] ?? problem?.of?.(name) ?? null };
  const choose = (one) => { setKind(one); form.set({ jobType: KINDS[one].type, parameters: write(KINDS[one].parameters, 2) }); };
  const submit = async (event) => {
    event.preventDefault();
    if (busy || broken || Object.keys(read.wrong).length) { place.current.querySelector("[aria-invalid=true]")?.focus(); return; }
    setBusy(true);
    setProblem(null);
    try {
      const made = job ? await save(job, read.changes) : await post("/api/jobs", { ...read.body, ...(schedule ? { schedule } : {}) });
      say(job ? `${made.name} is version ${made.version}` : `${made.name} is there`);
      close(made);
    } catch (refusal) { setProblem(refusal); setBusy(false); setTimeout(() => place.current?.querySelector("[aria-invalid=true]")?.focus(), 0); }
  };
  const unchanged = job && Object.keys(read.changes).length === 0 && Object.keys(read.wrong).length === 0;
  return html`<${Dialog} title=${job ? `Edit ${job.name}` : "New job"} onClose=${() => close(undefined)} wide=${true}><form ref=${place} onSubmit=${submit}>
    <div class="grid halves"><${Line} form=${form} name="name" word="Name" autofocus required maxlength="200" placeholder="reports.daily" /><${Line} form=${form} name="description" word="Description" spellcheck=${true} /></div>
    ${!job && html`<div class="field" role="group" aria-label="What it does"><span aria-hidden="true">What it does</span><span class="choices">${Object.entries(KINDS).map(([key, { word }]) => html`<${Toggle} key=${key} pressed=${kind === key} onClick=${() => choose(key)}>${word}</${Toggle}>`)}</span></div>`}
    <${Line} form=${form} name="jobType" word="Type" required class="mono" says=${kind ? KINDS[kind].says : "a function's name, a URL, or script"} />
    <${Block} form=${form} name="parameters" word="Parameters (JSON)" />
    <${Groups} form=${form} />
    ${!job && html`<${Schedule} schedule=${schedule} setSchedule=${setSchedule} problem=${problem} setBroken=${setBroken} />`}
    ${problem && html`<${Refusal} problem=${problem} />`}
    <footer><${Button} onClick=${() => close(undefined)}>Back</${Button}><button class="button primary" disabled=${busy || Boolean(unchanged)}>${busy ? "…" : job ? "Save" : "Create"}</button></footer>
  </form></${Dialog}>`;
};

/** Make a job in a dialog. Resolves to it, or undefined. */
export const newJob = () => over((close) => html`<${JobForm} job=${null} close=${close} />`);

/** Change a job in a dialog, from how it is now. Jobs that come with code are changed there. @param {{id: string}} job */
export async function editJob({ id }) {
  try {
    const job = await exactly(`/api/jobs/${id}`);
    if (job.source === "code") return complain({ message: "this job comes with code: change it there" });
    return over((close) => html`<${JobForm} job=${job} close=${close} />`);
  } catch (problem) { return complain(problem); }
}
