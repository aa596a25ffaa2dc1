// A business calendar: where its days off come from, its week, its own rules; as a form or as JSON, with the effects before it is saved.
import { get, post, put } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { DAYS, errorOf } from "../lib/schedule_document.js";
import { MONTHS, ruleWords } from "../lib/year.js";
import { Dialog, over } from "./dialog.js";
import { AwaitedEffects } from "./effects.js";
import { Choice, Field, Group, Text, Toggle, Whole } from "./fields.js";
import { Button, Refusal } from "./layout.js";
import { say } from "./toast.js";

const SERVERS = ["name", "version", "createdBy", "changedBy", "createdAt", "updatedAt", "moved", "movedCount"];
const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const MARKETS = ["XNYS", "XLON", "XETR", "XPAR", "XTKS", "BVMF", "XBOM", "ECB", "IFEU"];
/** The countries that the browser knows by name. */
const COUNTRIES = (() => {
  const names = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
  const codes = LETTERS.flatMap((first) => LETTERS.map((second) => first + second)).filter((code) => !["EU", "EZ", "UN", "QO", "ZZ", "XA", "XB"].includes(code));
  return codes.map((code) => [code, names.of(code)]).filter(([, name]) => name);
})();

/** What of a calendar is defined by whoever edits it. */
export const definitionOf = (calendar) => Object.fromEntries(Object.entries(calendar).filter(([name]) => !SERVERS.includes(name)));

const Sources = ({ sources, onSources, wrong }) => {
  const set = (index, changes) => onSources(sources.map((one, at) => (at === index ? { ...one, ...changes } : one)));
  return html`<fieldset><legend>Days off come from</legend><div class="stack tight">
    <datalist id="countries">${COUNTRIES.map(([code, name]) => html`<option key=${code} value=${code}>${name}</option>`)}</datalist><datalist id="markets">${MARKETS.map((code) => html`<option key=${code} value=${code}></option>`)}</datalist>
    ${sources.map((source, index) => html`<div key=${index} class="row source">
      ${"market" in source ? html`<${Field} word="Market" says="such as XNYS, ECB"><${Text} list="markets" required value=${source.market} onValue=${(it) => set(index, { market: it.trim().toUpperCase() })} /></${Field}>`
        : html`<${Field} word="Country" says=${COUNTRIES.find(([code]) => code === source.country)?.[1] ?? "such as DE"}><${Text} list="countries" required maxlength="3" value=${source.country} onValue=${(it) => set(index, { country: it.trim().toUpperCase() })} /></${Field}>
          <${Field} word="Subdivision" says="such as BY; empty for the whole country"><${Text} value=${source.subdivision} onValue=${(it) => { const { subdivision: _old, ...rest } = source; onSources(sources.map((one, at) => (at === index ? (it.trim() ? { ...rest, subdivision: it.trim().toUpperCase() } : rest) : one))); }} /></${Field}>`}
      <${Button} tone="plain" icon="trash" title="Take this source away" aria-label="Take this source away" onClick=${() => onSources(sources.filter((_, at) => at !== index))} /></div>`)}
    ${wrong("holidays.country") && html`<small class="wrong">${wrong("holidays.country")}</small>`}${wrong("holidays.subdivision") && html`<small class="wrong">${wrong("holidays.subdivision")}</small>`}${wrong("holidays.market") && html`<small class="wrong">${wrong("holidays.market")}</small>`}
    <div class="row"><${Button} tone="small" icon="plus" onClick=${() => onSources([...sources, { country: "" }])}>Public holidays</${Button}><${Button} tone="small" icon="plus" onClick=${() => onSources([...sources, { market: "" }])}>A market</${Button}></div>
  </div></fieldset>`;
};

const NEW_RULES = { yearly: { yearly: { month: 12, day: 24 } }, date: { date: "" }, easter: { easter: -2 }, nthWeekday: { nthWeekday: { month: 11, weekday: "THU", nth: 4 } } };
const MONTH_CHOICES = MONTHS.map((name, index) => [index + 1, name]);

const RuleFields = ({ rule, set }) => {
  const inner = (key) => (changes) => set({ [key]: { ...rule[key], ...changes } });
  if ("date" in rule) return html`<${Field} word="Date"><input type="date" required value=${rule.date} onInput=${(event) => set({ date: event.target.value })} /></${Field}>`;
  if ("easter" in rule) return html`<${Field} word="Days after Easter Sunday" says="−2 is Good Friday"><${Whole} required value=${rule.easter} onValue=${(it) => set({ easter: it })} /></${Field}>`;
  if ("yearly" in rule) return html`<${Field} word="Month"><${Choice} value=${rule.yearly.month} options=${MONTH_CHOICES} onValue=${(it) => inner("yearly")({ month: Number(it) })} /></${Field}><${Field} word="Day"><${Whole} required min="1" max="31" value=${rule.yearly.day} onValue=${(it) => inner("yearly")({ day: it })} /></${Field}>`;
  const set3 = inner("nthWeekday");
  return html`<${Field} word="Which" says="−1 is the last"><${Whole} required min="-5" max="5" value=${rule.nthWeekday.nth} onValue=${(it) => set3({ nth: it })} /></${Field}><${Field} word="Weekday"><${Choice} value=${rule.nthWeekday.weekday} options=${DAYS.map((day) => [day, day])} onValue=${(it) => set3({ weekday: it })} /></${Field}><${Field} word="Month"><${Choice} value=${rule.nthWeekday.month} options=${MONTH_CHOICES} onValue=${(it) => set3({ month: Number(it) })} /></${Field}>`;
};

const Rules = ({ rules, onRules, wrong }) => {
  const [draft, setDraft] = useState(null);
  const ready = draft?.name.trim() && (!("date" in draft) || draft.date);
  return html`<fieldset><legend>Own days off</legend><div class="stack tight">
    ${rules.length > 0 && html`<ul class="changes">${rules.map((rule, index) => html`<li key=${index}><b>${rule.name}</b><span class="faint">${ruleWords(rule)}</span><span class="grow"></span><${Button} tone="small" aria-label=${`Take ${rule.name} away`} onClick=${() => onRules(rules.filter((_, at) => at !== index))}>Take away</${Button}></li>`)}</ul>`}
    ${draft ? html`<div class="grid"><${Field} word="Name"><${Text} maxlength="200" value=${draft.name} onValue=${(name) => setDraft({ ...draft, name })} /></${Field}><${RuleFields} rule=${draft} set=${(changes) => setDraft({ ...draft, ...changes })} /></div>
      <div class="row"><${Button} tone="small" disabled=${!ready} onClick=${() => { onRules([...rules, { ...draft, name: draft.name.trim() }]); setDraft(null); }}>Add it</${Button}><${Button} tone="small" onClick=${() => setDraft(null)}>Leave it</${Button}></div>`
      : html`<div class="row">${[["yearly", "Each year"], ["date", "One date"], ["easter", "By Easter"], ["nthWeekday", "Nth weekday"]].map(([kind, word]) => html`<${Button} key=${kind} tone="small" icon="plus" onClick=${() => setDraft({ name: "", ...structuredClone(NEW_RULES[kind]) })}>${word}</${Button}>`)}</div>`}
    ${wrong("rules") && html`<small class="wrong">${wrong("rules")}</small>`}
  </div></fieldset>`;
};

const Form = ({ value, set, wrong, others }) => html`
  <${Field} word="Description" wrong=${wrong("description")}><${Text} maxlength="10000" value=${value.description} onValue=${(it) => set({ description: it || null })} /></${Field}>
  <${Sources} sources=${value.holidays ?? []} onSources=${(holidays) => set({ holidays })} wrong=${wrong} />
  <${Group} word="Weekend" says=${value.weekend ? "" : "as the first source or the parents have it; else Saturday and Sunday"} wrong=${wrong("weekend")}><${Toggle} pressed=${!value.weekend} onClick=${() => set({ weekend: value.weekend ? null : ["SAT", "SUN"] })}>As the source has it</${Toggle}>
    ${value.weekend && DAYS.map((day) => html`<${Toggle} key=${day} pressed=${value.weekend.includes(day)} onClick=${() => set({ weekend: DAYS.filter((one) => (one === day ? !value.weekend.includes(day) : value.weekend.includes(one))) })}>${day}</${Toggle}>`)}</${Group}>
  ${others.length > 0 && html`<${Group} word="Parents" says="their days off are days off here, too" wrong=${wrong("parents")}>${others.map((name) => html`<${Toggle} key=${name} pressed=${value.parents?.includes(name)} onClick=${() => set({ parents: value.parents?.includes(name) ? value.parents.filter((one) => one !== name) : [...(value.parents ?? []), name] })}>${name}</${Toggle}>`)}</${Group}>`}
  <${Rules} rules=${value.rules ?? []} onRules=${(rules) => set({ rules })} wrong=${wrong} />`;

const CalendarForm = ({ calendar, close }) => {
  const [name, setName] = useState(calendar?.name ?? "");
  const [value, setValue] = useState(calendar ? definitionOf(calendar) : { holidays: [{ country: "" }] });
  const [json, setJson] = useState(null);
  const [shown, setShown] = useState(null);
  const [others, setOthers] = useState([]);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => { get("/api/calendars", { limit: 100 }).then((page) => setOthers(page.items.map((one) => one.name).filter((one) => one !== calendar?.name)), () => {}); }, []);
  const wrong = (field) => errorOf(problem?.errors, field);
  const broken = json !== null && (() => { try { JSON.parse(json); return ""; } catch (error) { return error.message; } })();
  const body = { ...value, ...(value.holidays ? { holidays: value.holidays.filter((one) => one.country !== "" || one.subdivision) } : {}) };
  const write = (query = "") => put(`/api/calendars/${encodeURIComponent(calendar.name)}${query}`, body, { headers: { "If-Match": `"${calendar.version}"` } });
  const submit = async (event) => {
    event.preventDefault();
    if (calendar && !shown) { setShown(body); setProblem(null); return; }
    setBusy(true);
    setProblem(null);
    try {
      const made = calendar ? await write() : await post("/api/calendars", { ...body, name: name.trim() });
      say(`${made.name} is saved${made.movedCount ? `; the next fire of ${made.movedCount} schedules has moved` : ""}`);
      close(made);
    } catch (refusal) { setProblem(refusal); setShown(null); setBusy(false); }
  };
  const edit = (text) => { setJson(text); setShown(null); try { setValue(JSON.parse(text)); } catch { /* said below */ } };
  return html`<${Dialog} title=${calendar ? `Edit ${calendar.name}` : "New calendar"} onClose=${() => close(undefined)} wide=${true}><form onSubmit=${submit}>
    ${shown ? html`<${AwaitedEffects} ask=${() => write("?dryRun=true")} of=${shown} />` : html`
    <div class="row">${!calendar && html`<${Field} word="Name" says="letters, digits and . _ -" wrong=${wrong("name")}><${Text} autofocus required maxlength="100" pattern="[A-Za-z0-9._\\-]+" value=${name} onValue=${setName} placeholder="company" /></${Field}>`}
      <span class="grow"></span><span class="choices" role="group" aria-label="Edit as"><${Toggle} pressed=${json === null} onClick=${() => !broken && setJson(null)}>Form</${Toggle}><${Toggle} pressed=${json !== null} onClick=${() => setJson(JSON.stringify(value, null, 2))}>JSON</${Toggle}></span></div>
    ${json === null ? html`<${Form} value=${value} set=${(changes) => setValue({ ...value, ...changes })} wrong=${wrong} others=${others} />`
      : html`<${Field} word="Calendar as JSON" wrong=${broken}><textarea rows="16" spellcheck=${false} value=${json} aria-invalid=${broken ? "true" : undefined} onInput=${(event) => edit(event.target.value)}></textarea></${Field}>`}`}
    ${problem && html`<${Refusal} problem=${problem} />`}
    <footer><${Button} onClick=${() => (shown ? setShown(null) : close(undefined))}>Back</${Button}><button class="button primary" disabled=${busy || Boolean(broken)}>${busy ? "…" : calendar ? (shown ? "Save" : "Review") : "Create"}</button></footer>
  </form></${Dialog}>`;
};

/** Make a calendar in a dialog. Resolves to it, or undefined. */
export const newCalendar = () => over((close) => html`<${CalendarForm} calendar=${null} close=${close} />`);

/** Change a calendar in a dialog, with what that does before it is saved. @param {any} calendar */
export const editCalendar = (calendar) => over((close) => html`<${CalendarForm} calendar=${calendar} close=${close} />`);
