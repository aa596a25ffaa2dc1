// A schedule: a builder for every rule, and beside it what it will do: fire times, clock changes, what is withheld and why.
import { get, post } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { local } from "../lib/format.js";
import { DAYS, RULES, ruleOf, withField, withPart, withRule } from "../lib/schedule_document.js";

const SETTLE_MS = 250;
const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const NOTES = {
  dstShifted: "moved: this time does not exist on that day", dstRepeated: "comes twice: the clock goes back", rolled: "moved to a working day",
  moved: "moved by an exception", added: "added by an exception",
};

const Field = ({ word, says = "", wrong = null, children }) => html`<label class="field"><span>${word}</span>${children}${(wrong || says) && html`<small class=${wrong ? "wrong" : ""}>${wrong || says}</small>`}</label>`;
const Choice = ({ value, options, onValue, ...rest }) => html`<select value=${value} onChange=${(event) => onValue(event.target.value)} ...${rest}>${options.map(([key, word]) => html`<option key=${key} value=${key}>${word}</option>`)}</select>`;
const text = (value, onValue, more = {}) => html`<input value=${value ?? ""} onInput=${(event) => onValue(event.target.value)} ...${more} />`;
const time = (value, onValue) => html`<input type="time" step="60" required value=${(value ?? "").slice(0, 8)} onInput=${(event) => onValue(event.target.value)} />`;
/** A number of a field; null while it is empty, because an empty box is no zero. */
const whole = (value, onValue, more = {}) => html`<input type="number" value=${value ?? ""} onInput=${(event) => onValue(event.target.value === "" ? null : Number(event.target.value))} ...${more} />`;

const Rule = ({ value, onChange, wrong }) => {
  const rule = ruleOf(value);
  const set = (name) => (it) => onChange({ ...value, [name]: it });
  const part = (key, name) => (it) => onChange(withPart(value, key, { [name]: it }));
  if (rule === "cron") return html`<${Field} word="Expression" says="minute hour day month weekday; L, W, #, H and @daily are known" wrong=${wrong("cron")}>${text(value.cron, set("cron"), { class: "mono", spellcheck: false, required: true })}</${Field}>`;
  if (rule === "every") return html`<${Field} word="Every" says="such as 90s, 15m, 2h, 1d" wrong=${wrong("every")}>${text(value.every, set("every"), { required: true })}</${Field}>`;
  if (rule === "after") return html`<${Field} word="After" says="such as 10m, once" wrong=${wrong("after")}>${text(value.after, set("after"), { required: true })}</${Field}>`;
  if (rule === "rrule") return html`<${Field} word="Recurrence rule" says="RFC 5545" wrong=${wrong("rrule")}>${text(value.rrule, set("rrule"), { class: "mono", spellcheck: false, required: true })}</${Field}>`;
  if (rule === "once") return html`<${Field} word="At" says="in your own zone" wrong=${wrong("once")}><input type="datetime-local" required value=${localInput(value.once)} onInput=${(event) => onChange({ ...value, once: event.target.value ? new Date(event.target.value).toISOString() : "" })} /></${Field}>`;
  if (rule === "daily") return html`<${Field} word="At" wrong=${wrong("daily")}>${time(value.daily.at, part("daily", "at"))}</${Field}>`;
  if (rule === "weekly") {
    const on = value.weekly.on ?? [];
    const toggle = (day) => part("weekly", "on")(DAYS.filter((one) => (one === day ? !on.includes(day) : on.includes(one))));
    return html`<div class="field"><span>On</span><span class="choices" role="group" aria-label="Days">${DAYS.map((day) => html`<button key=${day} type="button" aria-pressed=${on.includes(day)} onClick=${() => toggle(day)}>${day[0]}${day.slice(1).toLowerCase()}</button>`)}</span></div>
      <${Field} word="At" wrong=${wrong("weekly")}>${time(value.weekly.at, part("weekly", "at"))}</${Field}>`;
  }
  if (rule === "businessDay") return html`<${Field} word="Business day" says="1 is the first, −1 the last" wrong=${wrong("nthBusinessDay")}>${whole(value.monthly.nthBusinessDay, part("monthly", "nthBusinessDay"), { min: -23, max: 23 })}</${Field}><${Field} word="At" wrong=${wrong("monthly")}>${time(value.monthly.at, part("monthly", "at"))}</${Field}>`;
  if (rule === "monthly") return html`<${Field} word="Day" says="−1 is the last" wrong=${wrong("day")}>${whole(value.monthly.day, part("monthly", "day"), { min: -31, max: 31 })}</${Field}><${Field} word="At" wrong=${wrong("monthly")}>${time(value.monthly.at, part("monthly", "at"))}</${Field}>`;
  return html`<${Field} word="Month"><${Choice} value=${value.yearly.month} options=${MONTHS.map((name, index) => [index + 1, name])} onValue=${(it) => part("yearly", "month")(Number(it))} /></${Field}><${Field} word="Day" wrong=${wrong("day")}>${whole(value.yearly.day, part("yearly", "day"), { min: -31, max: 31 })}</${Field}><${Field} word="At" wrong=${wrong("yearly")}>${time(value.yearly.at, part("yearly", "at"))}</${Field}>`;
};

function localInput(at) {
  if (!at) return "";
  const moment = new Date(at);
  return Number.isNaN(moment.getTime()) ? "" : new Date(moment.getTime() - moment.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

const Policies = ({ value, set, wrong, calendars }) => {
  const chosen = [value.calendar ?? []].flat();
  const known = [...new Set([...calendars, ...chosen])];
  return html`<div class="grid">
    <${Field} word="Time zone" wrong=${wrong("timeZone")}><input list="zones" value=${value.timeZone ?? ""} placeholder="UTC" onInput=${(event) => set("timeZone", event.target.value)} /><datalist id="zones">${ZONES.map((zone) => html`<option key=${zone} value=${zone}></option>`)}</datalist></${Field}>
    ${known.length > 0 && html`<div class="field"><span>Calendars</span><span class="choices" role="group" aria-label="Calendars">${known.map((name) => html`<button key=${name} type="button" aria-pressed=${chosen.includes(name)} onClick=${() => set("calendar", chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name])}>${name}</button>`)}</span>${wrong("calendar") && html`<small class="wrong">${wrong("calendar")}</small>`}</div>`}
    ${chosen.length > 0 && html`<${Field} word="On a day off" wrong=${wrong("roll")}><${Choice} value=${value.roll ?? ""} options=${[["", "as usual for the rule"], ["skip", "skip it"], ["following", "the next working day"], ["modifiedFollowing", "the next one of the same month"], ["preceding", "the one before"]]} onValue=${(it) => set("roll", it)} /></${Field}>`}
    <${Field} word="If the last run still goes on"><${Choice} value=${value.overlap ?? "skip"} options=${[["skip", "skip this one"], ["queueOne", "queue one"], ["queueAll", "queue all"], ["cancelPrevious", "cancel the previous"], ["killPrevious", "kill the previous"], ["allow", "run beside it"]]} onValue=${(it) => set("overlap", it === "skip" ? null : it)} /></${Field}>
    <${Field} word="After an outage"><${Choice} value=${value.missed ?? "runLatest"} options=${[["runLatest", "run the latest missed"], ["runEarliest", "run the earliest missed"], ["runAll", "run all missed"], ["skip", "run none"]]} onValue=${(it) => set("missed", it === "runLatest" ? null : it)} /></${Field}>
  </div>
  <details><summary>More</summary><div class="grid">
    <${Field} word="When the clock jumps over a time"><${Choice} value=${value.dstGap ?? "shift"} options=${[["shift", "run right after the gap"], ["skip", "skip it"]]} onValue=${(it) => set("dstGap", it === "shift" ? null : it)} /></${Field}>
    <${Field} word="When a time comes twice"><${Choice} value=${value.dstOverlap ?? "first"} options=${[["first", "the first time only"], ["both", "both times"]]} onValue=${(it) => set("dstOverlap", it === "first" ? null : it)} /></${Field}>
    ${[["jitter", "Jitter", "such as 30s"], ["maxLateness", "Not later than", "such as 1h after its time"], ["window", "Window", "JSON, such as {\"from\": \"08:00\", \"to\": \"18:00\"}"], ["condition", "Condition", "an expression"], ["name", "Name", ""]].map(([name, word, says]) => html`<${Field} key=${name} word=${word} says=${says} wrong=${wrong(name)}>${text(typeof value[name] === "object" ? JSON.stringify(value[name]) : value[name], (it) => set(name, it.startsWith("{") ? parsed(it) : it))}</${Field}>`)}
    <${Field} word="From" wrong=${wrong("startsAt")}><input type="datetime-local" value=${localInput(value.startsAt)} onInput=${(event) => set("startsAt", event.target.value ? new Date(event.target.value).toISOString() : null)} /></${Field}>
    <${Field} word="Until" wrong=${wrong("endsAt")}><input type="datetime-local" value=${localInput(value.endsAt)} onInput=${(event) => set("endsAt", event.target.value ? new Date(event.target.value).toISOString() : null)} /></${Field}>
    <${Field} word="At most so many runs" wrong=${wrong("maxRuns")}>${whole(value.maxRuns, (it) => set("maxRuns", it), { min: 1 })}</${Field}>
  </div></details>`;
};

const parsed = (written) => { try { return JSON.parse(written); } catch { return written; } };

/** What a schedule will do: the next fires in its own clock, with notes, and what is withheld. */
export const Preview = ({ schedule, onProblem = () => {} }) => {
  const [state, setState] = useState({ data: null, problem: null });
  const asked = JSON.stringify(schedule);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const data = await post("/api/schedules/preview", { schedule, count: 10 }, { signal: abort.signal });
        setState({ data, problem: null });
        onProblem(null);
      } catch (problem) {
        if (problem.name === "AbortError") return;
        setState((old) => ({ ...old, problem }));
        onProblem(problem);
      }
    }, SETTLE_MS);
    return () => { clearTimeout(timer); abort.abort(); };
  }, [asked]);
  const { data, problem } = state;
  return html`<section class="preview" aria-label="What it will do" aria-live="polite"><h3>Next fires</h3>
    ${problem && html`<p class="wrong">${problem.errors[0]?.msg ?? problem.message}</p>`}
    ${data && !problem && html`<ol>${data.items.map((fire) => html`<li key=${fire.at}><span>${weekday(fire.local)} ${local(fire.local)}</span> <span class="faint">${fire.local.slice(19).replace(/^\.\d+/, "")}</span>${fire.notes.map((note) => html`<span key=${note} class="tag">${NOTES[note] ?? note}</span>`)}</li>`)}</ol>
      ${data.items.length === 0 && html`<p class="faint">It never fires again.</p>`}
      ${data.skipped.length > 0 && html`<h3>Withheld</h3><ul>${data.skipped.slice(0, 10).map((one) => html`<li key=${one.nominal}><span>${weekday(one.nominal)} ${local(one.nominal)}</span> <span class="faint">${one.says}</span></li>`)}</ul>${data.skipped.length > 10 && html`<p class="faint">and ${data.skipped.length - 10} more</p>`}`}`}
  </section>`;
};

const weekday = (written) => ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][new Date(`${written.slice(0, 10)}T12:00:00Z`).getUTCDay()];

/** @param {{value: any, onChange: (document: any) => void, problem?: any}} props */
export const ScheduleEditor = ({ value, onChange, problem = null }) => {
  const [asJson, setAsJson] = useState(false);
  const [json, setJson] = useState("");
  const [seen, setSeen] = useState(null);
  const [calendars, setCalendars] = useState([]);
  useEffect(() => { get("/api/calendars", { limit: 100 }).then((page) => setCalendars(page.items.map(({ name }) => name)), () => {}); }, []);
  const wrong = (name) => problem?.of(name) ?? seen?.of(name);
  const rule = ruleOf(value);
  const edit = (written) => {
    setJson(written);
    try { onChange(JSON.parse(written)); } catch { /* said below */ }
  };
  const broken = asJson && (() => { try { JSON.parse(json); return ""; } catch (error) { return error.message; } })();
  return html`<div class="schedule-editor"><div class="stack">
    <div class="row"><${Field} word="Rule"><${Choice} value=${rule} disabled=${asJson} options=${RULES} onValue=${(it) => onChange(withRule(value, it))} /></${Field}>
      <label class="check"><input type="checkbox" checked=${asJson} onChange=${() => { setJson(JSON.stringify(value, null, 2)); setAsJson(!asJson); }} /> as JSON</label></div>
    ${asJson
      ? html`<div class="field"><label class="unseen" for="schedule-json">Schedule as JSON</label><textarea id="schedule-json" rows="12" spellcheck=${false} aria-invalid=${broken ? "true" : undefined} value=${json} onInput=${(event) => edit(event.target.value)}></textarea>${broken && html`<small class="wrong">${broken}</small>`}</div>`
      : html`<div class="grid"><${Rule} value=${value} onChange=${onChange} wrong=${wrong} /></div><${Policies} value=${value} set=${(name, it) => onChange(withField(value, name, it))} wrong=${wrong} calendars=${calendars} />`}
  </div><${Preview} schedule=${value} onProblem=${setSeen} /></div>`;
};
