// Executions: one query box, views to keep, a first page that lives and pages behind it that stand still.
import { get, may } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { parseQuery, WORDS, withWord } from "../lib/query.js";
import { filter } from "../lib/router.js";
import { savedViews } from "../lib/settings.js";
import { useView } from "../lib/view.js";
import { cancelMany, retryMany } from "../parts/bulk.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Empty, Head, More, Pill } from "../parts/layout.js";
import { executionColumns } from "../parts/rows.js";
import { Table } from "../parts/table.js";
import { complain } from "../parts/toast.js";

const ENDED = new Set(["Succeeded", "Failed", "Cancelled", "Skipped", "Expired"]);
const QUICK = [["All", null], ["Failed", "failed"], ["Running", "running"], ["Waiting to run", "pending,scheduled,retrying,waiting"], ["Succeeded", "succeeded"]];

const Help = () => html`<details class="query-help"><summary>What can be asked</summary><dl class="facts">${Object.entries(WORDS).map(([word, { says }]) => html`<div key=${word}><dt><code>${word}:</code></dt><dd>${says}</dd></div>`)}</dl></details>`;

const Views = ({ q }) => {
  const name = (event) => {
    event.preventDefault();
    const text = String(new FormData(event.target).get("name")).trim();
    if (text) savedViews.value = [...savedViews.value.filter((one) => one.name !== text), { name: text, q }];
    event.target.reset();
    event.target.closest("details").open = false;
  };
  return html`${savedViews.value.map((one) => html`<span key=${one.name} class="saved"><button type="button" class="linklike" onClick=${() => filter({ q: one.q })}>${one.name}</button><button type="button" class="linklike faint" aria-label=${`Forget the view ${one.name}`} onClick=${() => { savedViews.value = savedViews.value.filter((other) => other !== one); }}>×</button></span>`)}
    ${q && html`<details class="keep"><summary>Keep this view</summary><form class="row" onSubmit=${name}><input name="name" aria-label="Name of the view" placeholder="Name" maxlength="40" /><button class="button small">Keep</button></form></details>`}`;
};

export default function Executions({ query: { q = "" } }) {
  const [text, setText] = useState(q);
  const [more, setMore] = useState({ items: [], cursor: undefined });
  const [chosen, setChosen] = useState(new Set());
  const [busy, setBusy] = useState(false);
  const asked = parseQuery(q);
  const view = useView("/api/views/executions", asked.query, { on: /^execution\./, frozen: chosen.size > 0 || more.items.length > 0 });
  useEffect(() => { setText(q); setMore({ items: [], cursor: undefined }); setChosen(new Set()); }, [q]);
  const rows = view.data ? [...view.data.items, ...more.items.filter(({ id }) => !view.data.items.some((one) => one.id === id))] : [];
  const picked = rows.filter(({ id }) => chosen.has(id));
  const ended = picked.filter(({ state }) => ENDED.has(state)).map(({ id }) => id);
  const live = picked.filter(({ state }) => !ENDED.has(state)).map(({ id }) => id);
  const after = (done) => { if (done) { setChosen(new Set()); setMore({ items: [], cursor: undefined }); view.again(); } };
  const retry = () => may("operate") && ended.length && retryMany(ended).then(after, complain);
  const cancel = () => may("operate") && live.length && cancelMany(live).then(after, complain);
  useShortcut("r", "Run the chosen again", retry);
  useShortcut("c", "Cancel the chosen", cancel);
  const load = async (cursor) => {
    setBusy(true);
    try {
      const page = await get("/api/views/executions", { ...asked.query, cursor });
      setMore({ items: [...more.items, ...page.items], cursor: page.nextCursor });
    } catch (problem) { complain(problem); }
    setBusy(false);
  };
  const fresh = () => { setMore({ items: [], cursor: undefined }); setChosen(new Set()); view.again(); };
  const status = /(?:^|\s)status:(\S+)/.exec(q)?.[1] ?? null;
  return html`<${Head} title="Executions" beside=${asked.implied && html`<span class="faint">last 24 hours</span>`}>
      ${may("operate") && chosen.size > 0 && html`<span class="faint" role="status">${chosen.size} chosen</span><${Button} icon="retrying" disabled=${!ended.length} title="Run again (r)" onClick=${retry}>Run ${ended.length || ""} again</${Button}><${Button} icon="cancelled" disabled=${!live.length} title="Cancel (c)" onClick=${cancel}>Cancel ${live.length || ""}</${Button}>`}
    </${Head}>
    <form class="filters" role="search" onSubmit=${(event) => { event.preventDefault(); filter({ q: text.trim() || null }); }}><input type="search" class="mono" spellcheck=${false} aria-label="Query" placeholder="status:failed job:etl.* since:24h" value=${text} onInput=${(event) => { setText(event.target.value); if (!event.target.value) filter({ q: null }); }} aria-invalid=${asked.problems.length ? "true" : undefined} aria-describedby="query-problems" /><button class="button">Find</button></form>
    <div class="filters"><span class="choices" role="group" aria-label="State">${QUICK.map(([word, value]) => html`<button key=${word} type="button" aria-pressed=${status === value} onClick=${() => filter({ q: withWord(q, "status", value) || null })}>${word}</button>`)}</span><${Views} q=${q} /><${Help} /></div>
    <div id="query-problems">${asked.problems.map((problem) => html`<p key=${problem} class="wrong" role="alert">${problem}</p>`)}</div>
    <${Pill} many=${view.stale} word="new" onClick=${fresh} />
    <${Awaited} view=${view}>${(data) => (rows.length === 0
      ? html`<${Card}><${Empty} title=${q ? "No execution is like that" : "Nothing ran in the last 24 hours"} icon="executions">${asked.implied && html`<p><${Button} onClick=${() => filter({ q: withWord(q, "since", "30d") })}>Look at 30 days</${Button}></p>`}</${Empty}></${Card}>`
      : html`<${Card} flush=${true}><${Table} label="Executions" columns=${executionColumns()} rows=${rows} to=${(row) => `/executions/${row.id}`} chosen=${may("operate") ? chosen : null} onChoose=${setChosen} /><${More} cursor=${more.cursor === undefined ? data.nextCursor : more.cursor} onMore=${load} busy=${busy} /></${Card}>`)}</${Awaited}>`;
}
