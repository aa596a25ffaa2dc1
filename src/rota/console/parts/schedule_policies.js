// The policies of a schedule: its clock and calendars, what becomes of overlaps and of what was missed, its limits.
import { html, useMemo } from "../lib/html.js";
import { beyond, conditionOf, span, withCondition, withField, withWindow } from "../lib/schedule_document.js";
import { Check, Choice, Field, Group, Text, Toggle, Whole } from "./fields.js";
import { Moment, Weekdays } from "./schedule_rule.js";

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
const ROLLS = [["", "as usual for the rule"], ["skip", "skip it"], ["following", "the next working day"], ["modifiedFollowing", "the next one, in the same month"], ["preceding", "the working day before"]];
const OVERLAPS = [["skip", "skip this one"], ["queueOne", "queue one"], ["queueAll", "queue all"], ["cancelPrevious", "cancel the previous one"], ["killPrevious", "kill the previous one"], ["allow", "run beside it"]];
const MISSES = [["runLatest", "run the latest missed"], ["runEarliest", "run the earliest missed"], ["runAll", "run all missed"], ["skip", "run none"]];
const MORE = ["dstGap", "dstOverlap", "maxLateness", "maxCatchupRuns", "overlapKey", "jitter", "startsAt", "endsAt", "maxRuns", "window", "condition", "description", "key"];
let lists = 0;

const Zone = ({ value, set, wrong }) => {
  const id = useMemo(() => `zones-${(lists += 1)}`, []);
  return html`<${Field} word="Time zone" wrong=${wrong("timeZone")}><${Text} list=${id} spellcheck=${false} autocomplete="off" value=${value.timeZone} placeholder="UTC" wrong=${wrong("timeZone")} onValue=${(it) => set("timeZone", it.trim())} /></${Field}><datalist id=${id}>${ZONES.map((zone) => html`<option key=${zone} value=${zone}></option>`)}</datalist>`;
};

const Calendars = ({ value, set, wrong, calendars }) => {
  const chosen = [value.calendar ?? []].flat();
  const known = [...new Set([...calendars, ...chosen])];
  const turn = (name) => {
    const next = chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name];
    set("calendar", next.length === 1 ? next[0] : next);
  };
  return html`${known.length > 0 && html`<${Group} word="Calendars" wide=${true} says=${chosen.length > 1 ? "days that are worked in all of them" : ""} wrong=${wrong("calendar")}>${known.map((name) => html`<${Toggle} key=${name} pressed=${chosen.includes(name)} onClick=${() => turn(name)}>${name}</${Toggle}>`)}</${Group}>`}
    ${(chosen.length > 0 || value.roll) && html`<${Field} word="On a day off" wrong=${wrong("roll")}><${Choice} value=${value.roll ?? ""} options=${ROLLS} onValue=${(it) => set("roll", it)} /></${Field}>`}`;
};

const Clock = ({ value, set, wrong }) => html`<fieldset class="whole"><legend>When clocks change, when it is late</legend><div class="grid">
  <${Field} word="A time that is jumped over" wrong=${wrong("dstGap")}><${Choice} value=${value.dstGap ?? "shift"} options=${[["shift", "run right after the gap"], ["skip", "skip it"]]} onValue=${(it) => set("dstGap", it === "shift" ? null : it)} /></${Field}>
  <${Field} word="A time that comes twice" wrong=${wrong("dstOverlap")}><${Choice} value=${value.dstOverlap ?? "first"} options=${[["first", "the first time only"], ["both", "both times"]]} onValue=${(it) => set("dstOverlap", it === "first" ? null : it)} /></${Field}>
  <${Field} word="Not later than" says="after its time, such as 1h; else one interval" wrong=${wrong("maxLateness")}><${Text} value=${value.maxLateness} wrong=${wrong("maxLateness")} onValue=${(it) => set("maxLateness", span(it))} /></${Field}>
  <${Field} word="Missed runs to make up" says="at most; else 1" wrong=${wrong("maxCatchupRuns")}><${Whole} min="1" max="1000" value=${value.maxCatchupRuns} wrong=${wrong("maxCatchupRuns")} onValue=${(it) => set("maxCatchupRuns", it)} /></${Field}>
  <${Field} word="Overlap is counted by" says="an expression on parameters; else the schedule" wrong=${wrong("overlapKey")}><${Text} class="mono" spellcheck=${false} value=${value.overlapKey} onValue=${(it) => set("overlapKey", it)} /></${Field}>
  <${Field} word="Jitter" says="spread over so long, such as 30s" wrong=${wrong("jitter")}><${Text} value=${value.jitter} wrong=${wrong("jitter")} onValue=${(it) => set("jitter", span(it))} /></${Field}>
</div></fieldset>`;

const Limits = ({ value, onChange, set, wrong, zone }) => {
  const { expression, url } = conditionOf(value);
  const hours = (name) => html`<${Field} word=${name === "from" ? "Only from" : "Only until"} wrong=${wrong(`window.${name}`)}><input type="time" value=${value.window?.[name] ?? ""} onInput=${(event) => onChange(withWindow(value, { [name]: event.target.value }))} /></${Field}>`;
  return html`<fieldset class="whole"><legend>Only when</legend><div class="grid">
    <${Moment} word="Not before" at=${value.startsAt} zone=${zone} wrong=${wrong("startsAt")} onAt=${(it) => set("startsAt", it)} />
    <${Moment} word="Not after" at=${value.endsAt} zone=${zone} wrong=${wrong("endsAt")} onAt=${(it) => set("endsAt", it)} />
    <${Field} word="At most so many runs" wrong=${wrong("maxRuns")}><${Whole} min="1" value=${value.maxRuns} onValue=${(it) => set("maxRuns", it)} /></${Field}>
    ${hours("from")}${hours("to")}
    <${Weekdays} word="Only on" chosen=${[value.window?.on ?? []].flat()} wrong=${wrong("window.on")} onChosen=${(on) => onChange(withWindow(value, { on }))} />
    <${Field} word="Condition" wide=${true} says="CEL over day, previous, parameters, probe, such as day.working && previous.state != 'Failed'" wrong=${wrong("condition") ?? wrong("condition.expression")}><textarea rows="2" spellcheck=${false} value=${expression} onInput=${(event) => onChange(withCondition(value, { expression: event.target.value }))}></textarea></${Field}>
    ${(expression || url) && html`<${Field} word="Ask this address first" wide=${true} says="its answer is probe.ok, probe.status, probe.body" wrong=${wrong("condition.probe.url") ?? wrong("probe.url")}><${Text} type="url" class="mono" value=${url} onValue=${(it) => onChange(withCondition(value, { url: it }))} /></${Field}>`}
  </div></fieldset>`;
};

/** @param {{value: any, onChange: (document: any) => void, wrong: (name: string) => string|null, calendars: string[], zone: string}} props */
export const Policies = ({ value, onChange, wrong, calendars, zone }) => {
  const set = (name, it) => onChange(withField(value, name, it));
  const given = useMemo(() => MORE.some((name) => value[name] !== undefined), []);
  const failing = MORE.some((name) => wrong(name) || wrong(`${name}.expression`) || wrong(`${name}.from`));
  const rest = beyond(value);
  return html`<div class="grid">
    <${Zone} value=${value} set=${set} wrong=${wrong} />
    <${Field} word="If the last run still goes on" wrong=${wrong("overlap")}><${Choice} value=${value.overlap ?? "skip"} options=${OVERLAPS} onValue=${(it) => set("overlap", it === "skip" ? null : it)} /></${Field}>
    <${Field} word="After an outage" wrong=${wrong("missed")}><${Choice} value=${value.missed ?? "runLatest"} options=${MISSES} onValue=${(it) => set("missed", it === "runLatest" ? null : it)} /></${Field}>
    <${Calendars} value=${value} set=${set} wrong=${wrong} calendars=${calendars} />
    <${Field} word="Name" wrong=${wrong("schedule.name")}><${Text} maxlength="200" value=${value.name} onValue=${(it) => set("name", it)} /></${Field}>
    <div class="field settled"><${Check} checked=${value.enabled !== false} onValue=${(it) => set("enabled", it ? null : false)}>Enabled</${Check}></div>
  </div>
  <details class="policies" open=${given || failing}><summary>Clock changes, lateness, limits, conditions</summary><div class="grid">
    <${Clock} value=${value} set=${set} wrong=${wrong} />
    <${Limits} value=${value} onChange=${onChange} set=${set} wrong=${wrong} zone=${zone} />
    <${Field} word="Description" wrong=${wrong("schedule.description")}><${Text} maxlength="4096" value=${value.description} onValue=${(it) => set("description", it)} /></${Field}>
    <${Field} word="Key" says="names it inside its job" wrong=${wrong("schedule.key")}><${Text} maxlength="200" value=${value.key} onValue=${(it) => set("key", it)} /></${Field}>
  </div></details>
  ${rest.length > 0 && html`<p class="faint small">Kept, and changed as JSON: ${rest.map((name) => html`<code key=${name}>${name}</code> `)}</p>`}`;
};
