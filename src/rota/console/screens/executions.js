// Executions: one query box, views to keep, a first page that lives without jumping and pages behind it that stand still.
import { get, may } from "../lib/api.js";
import { number } from "../lib/format.js";
import { html, useEffect, useMemo, useState } from "../lib/html.js";
import { lived, shownOf, waiting } from "../lib/live_rows.js";
import { parseQuery, WORDS, withWord } from "../lib/query.js";
import { filter } from "../lib/router.js";
import { paused, savedViews } from "../lib/settings.js";
import { useView } from "../lib/view.js";
import { cancelMany, ENDED, retryMany } from "../parts/bulk.js";
import { Icon } from "../parts/icons.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Empty, Head, More } from "../parts/layout.js";
import { QueryBox } from "../parts/query_box.js";
import { executionColumns } from "../parts/rows.js";
import { Table } from "../parts/table.js";
import { complain, say } from "../parts/toast.js";

const PAGE = 50;
/** @type {[string, string|null][]} */
const QUICK = [["All", null], ["Failed", "failed"], ["Running", "running"], ["Waiting to run", "pending,scheduled,retrying,waiting"], ["Succeeded", "succeeded"]];

/** The columns of every list, but a row that is no longer like the query does not claim a state. */
const COLUMNS = executionColumns().map((column) => (column.key !== "state" ? column : {
  ...column, cell: (row) => (row.gone ? html`<span class="state tone-off" title="It is no longer like the query: look at it to see what became of it"><${Icon} name="retrying" />Changed</span>` : column.cell(row)),
}));

const Help = () => html`<details class="query-help"><summary>What can be asked</summary><dl class="facts">${Object.entries(WORDS).map(([word, { says }]) => html`<div key=${word}><dt><code>${word}:</code></dt><dd>${says}</dd></div>`)}
  <div><dt>without a colon</dt><dd>a part of the job's name; "…" keeps blanks</dd></div></dl></details>`;

const Views = ({ q }) => {
  const keep = (event) => {
    event.preventDefault();
    const text = String(new FormData(event.target).get("name")).trim();
    if (text) savedViews.value = [...savedViews.value.filter((one) => one.name !== text), { name: text, q }];
    event.target.reset();
    event.target.closest("details").open = false;
  };
  const forget = (one) => {
    const before = savedViews.value;
    savedViews.value = before.filter((other) => other !== one);
    say(`The view ${one.name} is forgotten`, { undo: () => { savedViews.value = before; } });
  };
  return html`${savedViews.value.map((one) => html`<span key=${one.name} class="saved ${one.q === q ? "chosen" : ""}"><button type="button" class="linklike cut" title=${one.q} aria-pressed=${one.q === q} onClick=${() => filter({ q: one.q })}>${one.name}</button><button type="button" class="linklike faint" title=${`Forget the view ${one.name}`} aria-label=${`Forget the view ${one.name}`} onClick=${() => forget(one)}>×</button></span>`)}
    ${q && !savedViews.value.some((one) => one.q === q) && html`<details class="keep"><summary>Keep this view</summary><form class="row" onSubmit=${keep}><input name="name" required aria-label="Name of the view" placeholder="Name" maxlength="40" autocomplete="off" /><button class="button small">Keep</button></form></details>`}`;
};

/** The rows of the first page, living where they are; `renew` shows what waits. */
function useLiveRows(view) {
  const [shown, setShown] = useState({ of: "", page: null });
  const current = shown.of === view.of ? shown.page : null;
  useEffect(() => {
    if (view.data) setShown((old) => ({ of: view.of, page: old.of === view.of && old.page ? lived(old.page, view.data) : shownOf(view.data) }));
  }, [view.data]);
  return [current, () => { if (view.data) setShown({ of: view.of, page: shownOf(view.data) }); view.again(); }];
}

/** The pages behind the first one, which stand still. */
function useLaterPages(query, key) {
  const [later, setLater] = useState({ items: [], cursor: undefined });
  const [busy, setBusy] = useState(false);
  const clear = () => setLater({ items: [], cursor: undefined });
  useEffect(clear, [key]);
  const load = async (cursor) => {
    setBusy(true);
    try {
      const page = await get("/api/views/executions", { ...query, limit: PAGE, cursor });
      setLater((old) => ({ items: [...old.items, ...page.items], cursor: page.nextCursor }));
    } catch (problem) { complain(problem); }
    setBusy(false);
  };
  return { ...later, busy, load, clear };
}

/** What stands in sight, as proposals for the query box. */
const knownIn = (rows) => {
  const of = (name) => [...new Set(rows.map((row) => row[name]).filter(Boolean))].sort();
  return { queue: of("queue"), type: of("type"), job: of("name"), worker: of("workerId") };
};

const News = ({ view, page, renew }) => {
  if (paused.value && view.stale > 0) return html`<button type="button" class="pill" onClick=${view.again}>Held still, and something changed: look</button>`;
  const text = page && waiting(page, PAGE);
  return text && html`<button type="button" class="pill" title="Show them (n)" onClick=${renew}><span aria-live="polite">${text}</span></button>`;
};

const Nothing = ({ q, implied }) => html`<${Card}><${Empty} title=${q ? "No execution is like that" : "Nothing ran in the last 24 hours"} icon="executions">
  ${implied ? html`<p>The last 24 hours were looked at.</p><p><${Button} onClick=${() => filter({ q: withWord(q, "since", "30d") })}>Look at 30 days</${Button}></p>` : q && html`<p><${Button} onClick=${() => filter({ q: null })}>Show all of the last 24 hours</${Button}></p>`}</${Empty}></${Card}>`;

const Bulk = ({ chosen, ended, live, retry, cancel, clear }) => chosen.size > 0 && html`<span class="faint" role="status">${number(chosen.size)} chosen</span><${Button} tone="plain" title="Choose none" onClick=${clear}>None</${Button}>
  <${Button} icon="retrying" disabled=${!ended.length} title=${ended.length ? "Run the ended ones again (r)" : "None of the chosen has ended"} onClick=${retry}>Run ${ended.length || ""} again</${Button}><${Button} icon="cancelled" disabled=${!live.length} title=${live.length ? "Cancel what has not ended (c)" : "All of the chosen have ended"} onClick=${cancel}>Cancel ${live.length || ""}</${Button}>`;

export default function Executions({ query: { q = "" } }) {
  const [chosen, setChosen] = useState(new Set());
  const asked = useMemo(() => parseQuery(q), [q]);
  const wrong = asked.problems.length > 0;
  const view = useView(wrong ? null : "/api/views/executions", { ...asked.query, limit: PAGE }, { on: /^execution\./ });
  const [page, renew] = useLiveRows(view);
  const later = useLaterPages(asked.query, q);
  useEffect(() => setChosen(new Set()), [q]);
  const rows = page ? [...page.rows, ...later.items] : [];
  const known = useMemo(() => knownIn(rows), [page, later.items]);
  const picked = rows.filter(({ id }) => chosen.has(id));
  const ended = picked.filter(({ state }) => ENDED.has(state)).map(({ id }) => id);
  const live = picked.filter(({ state }) => !ENDED.has(state)).map(({ id }) => id);
  const fresh = () => { later.clear(); setChosen(new Set()); renew(); };
  const act = (ids, many) => () => {
    if (!may("operate")) return;
    if (ids.length) many(ids).then((done) => done && fresh(), complain);
    else say(chosen.size ? "None of the chosen can be" : "Choose executions first: Space on a row, or its box", { tone: "warn" });
  };
  const retry = act(ended, retryMany), cancel = act(live, cancelMany);
  useShortcut("r", "Run the chosen again", retry);
  useShortcut("c", "Cancel the chosen", cancel);
  useShortcut("n", "Show what is new", fresh);
  const status = /(?:^|\s)(?:status|state):(\S+)/i.exec(q)?.[1].toLowerCase() ?? null;
  return html`<${Head} title="Executions" beside=${asked.implied && html`<span class="faint">last 24 hours</span>`}>${may("operate") && html`<${Bulk} ...${{ chosen, ended, live, retry, cancel, clear: () => setChosen(new Set()) }} />`}</${Head}>
    <div class="stack query-part"><${QueryBox} value=${q} known=${known} wrong=${wrong} ask=${(text) => filter({ q: text || null }, { replace: false })} />
      <div id="query-problems">${wrong && html`<div class="wrong" role="alert">${asked.problems.map((problem) => html`<p key=${problem}>${problem}</p>`)}</div>`}</div>
      <div class="filters"><span class="choices" role="group" aria-label="State">${QUICK.map(([word, value]) => html`<button key=${word} type="button" aria-pressed=${status === value} onClick=${() => filter({ q: withWord(q, "status", value) || null })}>${word}</button>`)}</span><${Views} q=${q} /><${Help} /></div></div>
    ${!wrong && html`<${News} view=${view} page=${page} renew=${fresh} />
    <${Awaited} view=${page ? { ...view, data: page } : { ...view, data: null }}>${() => (rows.length === 0 ? html`<${Nothing} q=${q} implied=${asked.implied} />`
      : html`<${Card} flush=${true}><${Table} label="Executions" columns=${COLUMNS} rows=${rows} to=${(row) => `/executions/${row.id}`} chosen=${may("operate") ? chosen : null} onChoose=${setChosen} /><${More} cursor=${later.cursor === undefined ? page.cursor : later.cursor} onMore=${later.load} busy=${later.busy} /></${Card}>`)}</${Awaited}>`}`;
}
