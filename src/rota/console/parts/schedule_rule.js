// The one rule of a schedule: a form for each kind.
import { cronWords } from "../lib/cron_words.js";
import { html } from "../lib/html.js";
import { DAYS, fromInput, monthDay, span, toInput, withMonthDay, withPart } from "../lib/schedule_document.js";
import { Choice, Field, Group, Text, Toggle, Whole } from "./fields.js";

export const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const CRONS = [["0 6 * * MON-FRI", "working week, 06:00"], ["*/15 * * * *", "every 15 minutes"], ["0 * * * *", "each hour"], ["0 22 L * *", "last day of the month"], ["0 9 * * MON#1", "first Monday"]];
const SPANS = ["1m", "5m", "15m", "30m", "1h", "6h", "1d"];

/** Buttons for weekdays. */
export const Weekdays = ({ word = "On", chosen, onChosen, wrong = null }) => html`<${Group} word=${word} wrong=${wrong} wide=${true}>
  ${DAYS.map((day) => html`<${Toggle} key=${day} pressed=${chosen.includes(day)} onClick=${() => onChosen(DAYS.filter((one) => (one === day ? !chosen.includes(day) : chosen.includes(one))))}>${day[0]}${day.slice(1).toLowerCase()}</${Toggle}>`)}
</${Group}>`;

const At = ({ rule, value, onChange, wrong, zone }) => html`<${Field} word="At" says=${zone} wrong=${wrong(`${rule}.at`)}>
  <input type="time" step=${/:\d\d:[1-9]|:\d\d:0[1-9]/.test(value[rule].at ?? "") ? 1 : 60} required value=${value[rule].at ?? ""} aria-invalid=${wrong(`${rule}.at`) ? "true" : undefined} onInput=${(event) => onChange(withPart(value, rule, { at: event.target.value }))} /></${Field}>`;

/** A date and a time in the zone of the schedule. */
export const Moment = ({ word, at, zone, onAt, wrong = null, required = false }) => html`<${Field} word=${word} says=${`in ${zone}`} wrong=${wrong}>
  <input type="datetime-local" step="1" required=${required} value=${toInput(at, zone)} aria-invalid=${wrong ? "true" : undefined} onInput=${(event) => onAt(fromInput(event.target.value, zone))} /></${Field}>`;

const Examples = ({ of, onPick }) => html`<span class="examples">${of.map(([text, says]) => html`<button key=${text} type="button" class="linklike" onClick=${() => onPick(text)}>${says ?? text}</button>`)}</span>`;

const Cron = ({ value, onChange, wrong }) => html`<div class="whole stack tight">
  <${Field} word="Expression" wrong=${wrong("cron")} says=${cronWords(value.cron) ?? "minute hour day month weekday, with seconds in front if there are six; L, W, # and H are known"}>
    <${Text} class="mono" spellcheck=${false} required maxlength="256" value=${value.cron} wrong=${wrong("cron")} onValue=${(it) => onChange({ ...value, cron: it })} /></${Field}>
  <${Examples} of=${CRONS} onPick=${(it) => onChange({ ...value, cron: it })} /></div>`;

const Monthly = ({ value, onChange, wrong, ...rest }) => {
  const { which, number } = monthDay(value.monthly);
  const set = (kind, many) => onChange(withMonthDay(value, kind, many));
  return html`<${Field} word="Day"><${Choice} value=${which} options=${[["day", "Day of the month"], ["last", "Last day"], ["business", "Nth business day"], ["lastBusiness", "Nth last business day"]]} onValue=${(it) => set(it, number ?? 1)} /></${Field}>
    ${which !== "last" && html`<${Field} word="Number" says=${which === "lastBusiness" ? "1 is the last one" : which === "day" && number > 28 ? "shorter months have no run" : ""} wrong=${wrong("monthly.day") ?? wrong("monthly.nthBusinessDay")}><${Whole} value=${number} min="1" max=${which === "day" ? 31 : 23} required onValue=${(it) => set(which, it)} /></${Field}>`}
    <${At} rule="monthly" value=${value} onChange=${onChange} wrong=${wrong} ...${rest} />`;
};

const Yearly = ({ value, onChange, wrong, ...rest }) => {
  const set = (changes) => onChange(withPart(value, "yearly", changes));
  return html`<${Field} word="Month" wrong=${wrong("yearly.month")}><${Choice} value=${value.yearly.month} options=${MONTHS.map((name, index) => [index + 1, name])} onValue=${(it) => set({ month: Number(it) })} /></${Field}>
    <${Field} word="Day" wrong=${wrong("yearly.day")}><${Whole} value=${value.yearly.day} min="1" max="31" required onValue=${(it) => set({ day: it })} /></${Field}>
    <${At} rule="yearly" value=${value} onChange=${onChange} wrong=${wrong} ...${rest} />`;
};

/** @type {Record<string, (props: any) => any>} */
const FORMS = {
  cron: Cron, monthly: Monthly, yearly: Yearly,
  every: ({ value, onChange, wrong, zone }) => html`<div class="stack tight"><${Field} word="Every" says="such as 90s, 15m, 2h, 1d" wrong=${wrong("every")}><${Text} required value=${value.every} wrong=${wrong("every")} onValue=${(it) => onChange({ ...value, every: span(it) })} /></${Field}><${Examples} of=${SPANS.map((one) => [one])} onPick=${(it) => onChange({ ...value, every: it })} /></div>
    <${Moment} word="Counted from (optional)" at=${value.anchor} zone=${zone} wrong=${wrong("anchor")} onAt=${(it) => { const { anchor: _old, ...rest } = value; onChange(it ? { ...rest, anchor: it } : rest); }} />`,
  daily: (props) => html`<${At} rule="daily" ...${props} />`,
  weekly: (props) => html`<${Weekdays} chosen=${[props.value.weekly.on ?? []].flat()} wrong=${props.wrong("weekly.on")} onChosen=${(on) => props.onChange(withPart(props.value, "weekly", { on }))} /><${At} rule="weekly" ...${props} />`,
  once: ({ value, onChange, wrong, zone }) => html`<${Moment} word="At" required=${true} at=${value.once} zone=${zone} wrong=${wrong("once")} onAt=${(it) => onChange({ ...value, once: it ?? "" })} />`,
  after: ({ value, onChange, wrong }) => html`<${Field} word="After" says="once, so long after it is saved, such as 10m" wrong=${wrong("after")}><${Text} required value=${value.after} wrong=${wrong("after")} onValue=${(it) => onChange({ ...value, after: span(it) })} /></${Field}>`,
  rrule: ({ value, onChange, wrong }) => html`<${Field} word="Recurrence rule" wide=${true} says="RFC 5545, such as FREQ=MONTHLY;BYDAY=2TU;BYHOUR=6;BYMINUTE=0" wrong=${wrong("rrule")}><textarea rows="2" spellcheck=${false} required maxlength="2000" value=${value.rrule} aria-invalid=${wrong("rrule") ? "true" : undefined} onInput=${(event) => onChange({ ...value, rrule: event.target.value })}></textarea></${Field}>`,
};

/** @param {{rule: string|null, value: any, onChange: (document: any) => void, wrong: (name: string) => string|null, zone: string}} props */
export const Rule = ({ rule, ...props }) => (rule ? html`<${FORMS[rule]} ...${props} />` : html`<p class="faint whole">This rule can only be seen and changed as JSON. Choose another one to use the form.</p>`);
