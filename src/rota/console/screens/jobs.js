// Jobs: found by typing, with the schedule in words, the next run, the last twenty.
import { get, may } from "../lib/api.js";
import { inWords } from "../lib/cron_words.js";
import { html, useEffect, useState } from "../lib/html.js";
import { local, number } from "../lib/format.js";
import { filter, go } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { Code } from "../parts/copy.js";
import { Icon } from "../parts/icons.js";
import { pauseOrResume, skipNext } from "../parts/job_actions.js";
import { newJob } from "../parts/job_form.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Empty, Head, More } from "../parts/layout.js";
import { Search } from "../parts/search.js";
import { State, Strip } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { complain } from "../parts/toast.js";
import { trigger } from "../parts/trigger.js";

const PAGE = 40;
const EVENTS = /^(job|schedule|execution\.(succeeded|failed|started|cancelled))/;
const FILTERS = ["q", "state", "team", "owner", "category", "tag", "type"];
const FIRST = `from rota import job, every

@job(schedule=every("1m"))
def hello() -> str:
    return "it works"`;

const Rule = ({ job }) => {
  if (!job.describe) return html`<span class="faint">${job.scheduleCount ? "never again" : "on demand"}</span>`;
  const others = job.scheduleCount - 1;
  return html`<span class="rule" title=${job.describe}><span class="cut">${inWords(job.describe)}</span>${others > 0 && html` <span class="faint" title=${`and ${others} more`}>+${others}</span>`}</span>`;
};

const Acts = ({ job, again }) => {
  const resting = job.state === "Paused", off = job.state === "Disabled";
  return html`<span class="acts">
    <${Button} icon="play" tone="plain" disabled=${off} title=${off ? "It is disabled" : "Run"} aria-label=${`Run ${job.name}`} onClick=${() => trigger(job).then((made) => made && again(), complain)} />
    <${Button} icon=${resting ? "resume" : "paused"} tone="plain" disabled=${off} title=${resting ? "Resume" : "Pause"} aria-label=${`${resting ? "Resume" : "Pause"} ${job.name}`} onClick=${() => pauseOrResume(job, again)} />
    <${Button} icon="skipped" tone="plain" disabled=${!job.scheduleId || !job.nextAt} title=${job.scheduleCount > 1 ? "It has several schedules: skip one of them where the job is" : job.nextAt ? "Skip the next run" : "Nothing comes that could be skipped"} aria-label=${`Skip the next run of ${job.name}`} onClick=${() => skipNext(job, again)} /></span>`;
};

const columns = (again, states) => [
  { key: "name", title: "Job", fill: true, cell: (job) => html`<span class="cut" title=${job.name}><b>${job.name}</b></span><span class="cut faint small" title=${job.description ?? job.type}>${[job.teamName, job.description].filter(Boolean).join(" · ") || job.type}</span>` },
  { key: "state", title: "State", cell: (job) => html`<span title=${job.note ?? undefined}><${State} value=${job.state} /></span>` },
  { key: "rule", title: "Schedule", roomy: true, cell: (job) => html`<${Rule} job=${job} />` },
  { key: "next", title: "Next run", cell: (job) => html`<${Time} at=${job.nextAt} zone=${job.timeZone} /><span class="cut faint small only-wide" title=${job.timeZone ?? undefined}>${job.nextLocal ? local(job.nextLocal).slice(0, 16) : ""}</span>` },
  { key: "runs", title: "Last 20", wide: true, cell: (job) => html`<span class="strip-room"><${Strip} runs=${job.runs.map(([state, durationSeconds], index) => ({ id: index, state: states[state], durationSeconds }))} /></span>` },
  ...(may("operate") ? [{ key: "act", roomy: true, title: html`<span class="unseen">Actions</span>`, right: true, cell: (job) => html`<${Acts} job=${job} again=${again} />` }] : []),
];

/** A choice of the address. What is chosen is offered even where no job has it any more. */
const Facet = ({ name, word, values, chosen }) => {
  if (values.length === 0 && !chosen) return null;
  const all = !chosen || values.some(({ value }) => value === chosen) ? values : [...values, { value: chosen, count: 0 }];
  return html`<select aria-label=${word} class=${chosen ? "chosen" : ""} onChange=${(event) => filter({ [name]: event.target.value || null })}>
    <option value="" selected=${!chosen}>${word}</option>${all.map(({ value, count }) => html`<option key=${value} value=${value} selected=${value === chosen}>${value} (${number(count)})</option>`)}</select>`;
};

const States = ({ values, chosen }) => html`<div class="choices" role="group" aria-label="State">${values.map(({ value, count }) => html`<button key=${value} type="button" aria-pressed=${chosen === value} onClick=${() => filter({ state: chosen === value ? null : value })}><${Icon} name=${{ Enabled: "succeeded", Paused: "paused" }[value] ?? "cancelled"} />${value} <span class="faint">${number(count)}</span></button>`)}</div>`;

/** What only a link sets, with its way off. */
const Set = ({ name, value, word = value }) => value && html`<button type="button" class="tag off" title="Take this filter away" aria-label=${`Take the filter ${word} away`} onClick=${() => filter({ [name]: null })}>${word}<${Icon} name="close" /></button>`;

const Filters = ({ query, facets }) => html`<div class="filters" role="search"><${Search} value=${query.q ?? ""} label="Find by name, type, owner, team or #tag" title="Search (/)" placeholder="Name, type, owner, team, #tag" />
  ${facets && html`<${Facet} name="team" word="Team" values=${facets.teams} chosen=${query.team} /><${Facet} name="owner" word="Owner" values=${facets.owners} chosen=${query.owner} /><${Facet} name="category" word="Category" values=${facets.categories} chosen=${query.category} />
    <div class="row"><${States} values=${facets.states} chosen=${query.state} /><${Set} name="tag" value=${query.tag} word=${`#${query.tag}`} /><${Set} name="type" value=${query.type} word=${`type ${query.type}`} /></div>`}</div>`;

const First = ({ create }) => html`<${Card}><${Empty} title="No jobs yet" icon="jobs"><p>A job is a Python function, an HTTP call or a script. Save this as <code>hello.py</code>:</p><${Code} text=${FIRST} label="A first job" />
  <p>and let Rota run it:</p><${Code} text="rota up --app hello.py" label="Command" />${may("edit") && html`<p><${Button} onClick=${create}>or make one here</${Button}></p>`}</${Empty}></${Card}>`;

const NoneLikeThat = () => html`<${Card}><${Empty} title="No job is like that" icon="search"><p><${Button} onClick=${() => go("/jobs")}>Show all jobs</${Button}></p></${Empty}></${Card}>`;

/** The pages behind the first: they stand still, but for what somebody does here. */
function usePages(asked) {
  const [pages, setPages] = useState([]);
  const [busy, setBusy] = useState(false);
  const known = JSON.stringify(asked);
  useEffect(() => { setPages([]); }, [known]);
  const page = (cursor) => get("/api/views/jobs", { ...asked, cursor }).then(({ items, nextCursor }) => ({ cursor, items, nextCursor }));
  const load = async (cursor) => {
    setBusy(true);
    try {
      const found = await page(cursor);
      setPages((old) => [...old, found]);
    } catch (problem) { complain(problem); }
    setBusy(false);
  };
  const refresh = () => Promise.all(pages.map(({ cursor }) => page(cursor))).then(setPages, complain);
  return { items: pages.flatMap(({ items }) => items), cursor: pages.at(-1)?.nextCursor, any: pages.length > 0, load, busy, refresh };
}

export default function Jobs({ query }) {
  const asked = { ...Object.fromEntries(FILTERS.map((name) => [name, query[name]])), limit: PAGE };
  const view = useView("/api/views/jobs", asked, { on: EVENTS });
  const more = usePages(asked);
  const again = () => { view.again(); if (more.any) more.refresh(); };
  const create = () => newJob().then((made) => made && go(`/jobs/${made.id}`));
  useEffect(() => { if (query.new) { filter({ new: null }); if (may("edit")) create(); } }, [query.new]);
  useShortcut("n", "New job", () => may("edit") && create());
  return html`<${Head} title="Jobs">${may("edit") && html`<${Button} icon="plus" tone="primary" title="New job (n)" onClick=${create}>New job</${Button}>`}</${Head}>
    <${Filters} query=${query} facets=${view.data?.facets} />
    <${Awaited} view=${view}>${(data) => {
      const items = [...data.items, ...more.items.filter(({ id }) => !data.items.some((one) => one.id === id))];
      if (items.length === 0) return FILTERS.some((name) => query[name]) ? html`<${NoneLikeThat} />` : html`<${First} create=${create} />`;
      return html`<${Card} flush=${true}><${Table} label="Jobs" columns=${columns(again, data.states)} rows=${items} to=${(job) => `/jobs/${job.id}`} /><${More} cursor=${more.any ? more.cursor : data.nextCursor} onMore=${more.load} busy=${more.busy} /></${Card}>`;
    }}</${Awaited}>`;
}
