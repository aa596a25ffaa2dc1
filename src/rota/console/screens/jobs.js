// Jobs: found by typing, with the schedule in words, the next run, the last twenty.
import { get, may, post, remove } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { count, local } from "../lib/format.js";
import { filter, go } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { Code } from "../parts/copy.js";
import { confirm } from "../parts/dialog.js";
import { newJob } from "../parts/job_form.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Empty, Head, More } from "../parts/layout.js";
import { State, Strip } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { complain, say } from "../parts/toast.js";
import { trigger } from "../parts/trigger.js";

const TYPING_MS = 150;
const PAGE = 40;
const FIRST = `from rota import job, every

@job(schedule=every("1m"))
def hello() -> str:
    return "it works"`;

/** Pause with a note and perhaps an end, or resume; the opposite is one click away. */
export async function pauseOrResume(job, again) {
  try {
    if (job.state === "Paused") {
      await post(`/api/jobs/${job.id}/resume`);
      say(`${job.name} goes on`);
    } else {
      const done = await confirm({ title: `Pause ${job.name}?`, says: html`<p>Its schedules start nothing until it is resumed. What runs goes on.</p>`, verb: "Pause", act: (note) => post(`/api/jobs/${job.id}/pause`, note ? { note } : {}) });
      if (!done) return;
      say(`${job.name} is paused`, { undo: () => post(`/api/jobs/${job.id}/resume`).then(again, complain) });
    }
    again();
  } catch (problem) { complain(problem); }
}

async function skipNext(job, again) {
  try {
    const made = await post(`/api/schedules/${job.scheduleId}/exceptions`, { action: "skip", at: "next" });
    say(`${job.name} skips ${made.at.slice(0, 16).replace("T", " ")} UTC`, { undo: () => remove(`/api/schedules/${job.scheduleId}/exceptions/${made.id}`).then(again, complain) });
    again();
  } catch (problem) { complain(problem); }
}

const columns = (again, states) => [
  { key: "name", title: "Job", fill: true, cell: (job) => html`<span class="cut" title=${job.name}><b>${job.name}</b></span><span class="cut faint small" title=${job.description ?? ""}>${[job.teamName, job.description].filter(Boolean).join(" · ") || job.type}</span>` },
  { key: "state", title: "State", cell: (job) => html`<span title=${job.note ?? ""}><${State} value=${job.state} /></span>` },
  { key: "rule", title: "Schedule", wide: true, cell: (job) => html`<span class="cut rule" title=${job.describe}>${job.describe ?? html`<span class="faint">on demand</span>`}${job.scheduleCount > 1 ? html` <span class="faint">+${job.scheduleCount - 1}</span>` : ""}</span>` },
  { key: "next", title: "Next run", cell: (job) => html`<${Time} at=${job.nextAt} zone=${job.timeZone} /><span class="cut faint small only-wide" title=${job.timeZone}>${job.nextLocal ? local(job.nextLocal) : ""}</span>` },
  { key: "runs", title: "Last 20", wide: true, cell: (job) => html`<${Strip} runs=${job.runs.map(([state, durationSeconds], index) => ({ id: index, state: states[state], durationSeconds }))} />` },
  { key: "act", roomy: true, title: html`<span class="unseen">Actions</span>`, right: true, cell: (job) => may("operate") && html`<span class="acts">
    <${Button} icon="play" tone="plain" title="Run" aria-label=${`Run ${job.name}`} onClick=${() => trigger(job).then((made) => made && again(), complain)} />
    <${Button} icon=${job.state === "Paused" ? "succeeded" : "paused"} tone="plain" disabled=${job.state === "Disabled"} title=${job.state === "Paused" ? "Resume" : "Pause"} aria-label=${`${job.state === "Paused" ? "Resume" : "Pause"} ${job.name}`} onClick=${() => pauseOrResume(job, again)} />
    <span class="only-wide"><${Button} icon="skipped" tone="plain" disabled=${!job.scheduleId || !job.nextAt} title="Skip the next run" aria-label=${`Skip the next run of ${job.name}`} onClick=${() => skipNext(job, again)} /></span></span>` },
];

const Facet = ({ name, word, values, chosen }) => values.length > 0 && html`<select aria-label=${word} value=${chosen ?? ""} onChange=${(event) => filter({ [name]: event.target.value || null })}>
  <option value="">${word}: any</option>${values.map(({ value, count: many }) => html`<option key=${value} value=${value}>${value} (${many})</option>`)}</select>`;

export default function Jobs({ query }) {
  const { q = "", state, team, owner, category, tag } = query;
  const [text, setText] = useState(q);
  const [more, setMore] = useState({ items: [], cursor: undefined });
  const [busy, setBusy] = useState(false);
  const asked = { q, state, team, owner, category, tag, limit: PAGE };
  const view = useView("/api/views/jobs", asked, { on: /^(job|schedule|execution\.(succeeded|failed|started|cancelled))/ });
  useEffect(() => { setText(q); }, [q]);
  useEffect(() => { setMore({ items: [], cursor: undefined }); }, [JSON.stringify(asked)]);
  useEffect(() => {
    if (text === q) return undefined;
    const timer = setTimeout(() => filter({ q: text || null }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => { if (query.new) { filter({ new: null }); create(); } }, [query.new]);
  const create = () => newJob().then((made) => made && go(`/jobs/${made.id}`));
  useShortcut("n", "New job", create);
  const load = async (cursor) => {
    setBusy(true);
    try {
      const page = await get("/api/views/jobs", { ...asked, cursor });
      setMore({ items: [...more.items, ...page.items], cursor: page.nextCursor });
    } catch (problem) { complain(problem); }
    setBusy(false);
  };
  const chosen = [q, state, team, owner, category, tag].some(Boolean);
  return html`<${Head} title="Jobs">${may("edit") && html`<${Button} icon="plus" tone="primary" title="New job (n)" onClick=${create}>New job</${Button}>`}</${Head}>
    <div class="filters" role="search"><input type="search" aria-label="Find by name, type, owner, team or #tag" placeholder="Name, type, owner, team, #tag" value=${text} onInput=${(event) => setText(event.target.value)} />
      ${view.data && html`<${Facet} name="state" word="State" values=${view.data.facets.states} chosen=${state} /><${Facet} name="team" word="Team" values=${view.data.facets.teams} chosen=${team} /><${Facet} name="owner" word="Owner" values=${view.data.facets.owners} chosen=${owner} /><${Facet} name="category" word="Category" values=${view.data.facets.categories} chosen=${category} />`}
      ${tag && html`<button type="button" class="tag" onClick=${() => filter({ tag: null })}>#${tag} ×</button>`}
    </div>
    <${Awaited} view=${view}>${(data) => {
      const items = [...data.items, ...more.items.filter(({ id }) => !data.items.some((one) => one.id === id))];
      if (items.length === 0) {
        return chosen
          ? html`<${Card}><${Empty} title="No job is like that" icon="search"><p><${Button} onClick=${() => { setText(""); go("/jobs"); }}>Show all jobs</${Button}></p></${Empty}></${Card}>`
          : html`<${Card}><${Empty} title="No jobs yet" icon="jobs"><p>A job is a Python function, an HTTP call or a script. Save this as <code>hello.py</code>:</p><${Code} text=${FIRST} label="A first job" /><p>and let Rota run it:</p><${Code} text="rota up --app hello" label="Command" />${may("edit") && html`<p><${Button} onClick=${create}>or make one here</${Button}></p>`}</${Empty}></${Card}>`;
      }
      return html`<${Card} flush=${true} title=${chosen || data.nextCursor ? "" : count(items.length, "job")}><${Table} label="Jobs" columns=${columns(view.again, data.states)} rows=${items} to=${(job) => `/jobs/${job.id}`} />
        <${More} cursor=${more.cursor === undefined ? data.nextCursor : more.cursor} onMore=${load} busy=${busy} /></${Card}>`;
    }}</${Awaited}>`;
}
