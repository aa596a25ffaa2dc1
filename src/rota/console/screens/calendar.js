// A business calendar: its year, why a day is off, which business day it is, who goes by it; and days said otherwise.
import { address, may } from "../lib/api.js";
import { count } from "../lib/format.js";
import { html, useMemo } from "../lib/html.js";
import { filter, go, href } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { dayIn, monthsOf, nthWords, ruleWords, sourceWords, WEEKDAYS } from "../lib/year.js";
import { editCalendar } from "../parts/calendar_form.js";
import { deleteCalendar, importDays, override, takeOverride } from "../parts/calendar_actions.js";
import { Toggle } from "../parts/fields.js";
import { Icon } from "../parts/icons.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Facts, Head } from "../parts/layout.js";
import { Time } from "../parts/time.js";
import { complain } from "../parts/toast.js";
import { Legend, MARKS, Reasons, Year } from "../parts/year.js";

const FIRST_YEAR = 1970, LAST_YEAR = 2100;
const today = () => { const now = new Date(); return new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10); };

/** The day that is chosen: test a date, and say otherwise. */
const DayPanel = ({ calendar, day, date, again, toDay }) => {
  const said = calendar.overrides.find((one) => one.date === date);
  return html`<${Card} title="Test a date"><div class="stack">
    <label class="field"><span class="unseen">Date</span><input type="date" required min="1970-01-01" max="2100-12-31" value=${date} onChange=${(event) => event.target.value && toDay(event.target.value)} /></label>
    ${day && html`<div aria-live="polite" class="stack tight"><p class="row"><span class="state ${day.working ? "tone-good" : "tone-warn"}"><${Icon} name=${day.working ? "succeeded" : "calendar"} />${day.working ? "Worked" : "Off"}</span><b>${WEEKDAYS[day.weekday]} ${date}</b></p>
      ${day.working && html`<p>${nthWords(day)}</p>`}<${Reasons} day=${day} calendar=${calendar.name} /></div>
    ${may("edit") && html`<div class="row">${(!said || said.working !== !day.working) && html`<${Button} onClick=${() => override(calendar, date, !day.working, again)}>${day.working ? "Make it a day off" : "Make it a working day"}</${Button}>`}
      ${said && html`<${Button} onClick=${() => takeOverride(calendar, date, again)}>Take the override back</${Button}>`}</div>`}`}
  </div></${Card}>`;
};

const Sources = ({ calendar, data }) => html`<${Card} title="Where its days come from"><div class="stack">
  ${calendar.description && html`<p>${calendar.description}</p>`}
  <${Facts} facts=${[
    ["Holidays", calendar.holidays.length ? html`<ul class="plain">${calendar.holidays.map((one) => html`<li key=${JSON.stringify(one)}>${sourceWords(one)}</li>`)}</ul>` : null],
    ["Weekend", calendar.weekend === null ? "as its source has it" : calendar.weekend.join(", ") || "none: every day is worked"],
    ["Parents", calendar.parents.length ? html`<ul class="plain">${calendar.parents.map((name) => html`<li key=${name}><a href=${href(`/calendars/${encodeURIComponent(name)}`)}>${name}</a></li>`)}</ul>` : null],
    ["Own days off", calendar.rules.length ? html`<ul class="plain scrolls" tabindex="0" aria-label="Own days off">${calendar.rules.map((rule, index) => html`<li key=${index}>${rule.name} <span class="faint">${ruleWords(rule)}</span></li>`)}</ul>` : null],
    ["Data", data], ["Version", html`${calendar.version}, by ${calendar.changedBy}, <${Time} at=${calendar.updatedAt} />`]]} /></div></${Card}>`;

const Users = ({ usage }) => {
  const { schedules, calendars } = usage;
  return html`<${Card} title="Who goes by it">${schedules.length + calendars.length === 0 ? html`<p class="faint">Nobody yet. A schedule names it under “Calendars”.</p>` : html`<ul class="plain scrolls" tabindex="0" aria-label="Who goes by it">
    ${calendars.map((name) => html`<li key=${name}><a href=${href(`/calendars/${encodeURIComponent(name)}`)}>${name}</a> <span class="faint">calendar</span></li>`)}
    ${schedules.map((one) => html`<li key=${one.id}><a href=${href(`/schedules/${one.id}`)}>${one.jobName}</a>${one.name && html` <span class="faint">${one.name}</span>`}</li>`)}</ul>${schedules.length >= 50 && html`<p class="faint">and more</p>`}`}</${Card}>`;
};

/** The same as the picture of the year, as a table. */
const Twin = ({ months, toDay }) => {
  const told = months.flatMap(({ days }) => days).filter(({ mark }) => mark && mark !== "weekend");
  return html`<${Card} title=${count(told.length, "day")} flush=${true}><div class="scroller"><table aria-label="Days off and days said otherwise"><thead><tr><th scope="col">Date</th><th scope="col">What</th><th scope="col">Why</th></tr></thead>
    <tbody>${told.map((day) => html`<tr key=${day.date}><td><button type="button" class="linklike nowrap" onClick=${() => toDay(day.date)}>${WEEKDAYS[day.weekday]} ${day.date}</button></td><td>${MARKS[day.mark][2]}</td><td class="fill"><span class="cut" title=${day.reasons.map(({ name }) => name).join(", ")}>${day.reasons.filter(({ kind }) => kind !== "weekend").map((one, index) => html`<span key=${one.kind + one.name}>${index > 0 && ", "}${one.overridden ? html`<s>${one.name}</s>` : one.name}</span>`)}</span></td></tr>`)}</tbody></table></div></${Card}>`;
};

const YearNavigation = ({ year, toYear }) => html`<div class="row" role="group" aria-label="Year"><${Button} tone="turned" icon="chevron" title="The year before ([)" aria-label=${`To ${year - 1}`} disabled=${year <= FIRST_YEAR} onClick=${() => toYear(year - 1)} />
  <b class="year-name">${year}</b><${Button} icon="chevron" title="The next year (])" aria-label=${`To ${year + 1}`} disabled=${year >= LAST_YEAR} onClick=${() => toYear(year + 1)} /></div>`;

export default function Calendar({ name, query }) {
  const day0 = today();
  const year = Math.min(LAST_YEAR, Math.max(FIRST_YEAR, Number(query.year) || Number((query.day ?? day0).slice(0, 4))));
  const date = query.day?.startsWith(`${year}-`) ? query.day : day0.startsWith(`${year}-`) ? day0 : `${year}-01-01`;
  const ruler = ["start", "end"].includes(query.count) ? query.count : "";
  const view = useView(`/api/views/calendars/${encodeURIComponent(name)}`, { year }, { on: /^(calendar|schedule)\./, every: 60000 });
  const shown = view.data && view.data.year === year ? view.data : null;
  const months = useMemo(() => (shown ? monthsOf(shown) : null), [shown]);
  const toYear = (next, day = null) => filter({ year: next, day });
  const toDay = (next) => filter({ day: next, year: next.slice(0, 4) });
  const calendar = view.data?.calendar;
  const edit = () => calendar && may("edit") && editCalendar(calendar).then((made) => made && view.again(), complain);
  useShortcut("[", "The year before", () => toYear(year - 1));
  useShortcut("]", "The next year", () => toYear(year + 1));
  useShortcut("e", "Edit this calendar", edit);
  return html`<${Awaited} view=${view}>${(data) => html`<${Head} title=${name} beside=${html`<span class="faint">${count(data.usage.schedules.length, "schedule")} go by it</span>`}>
      <a class="button" href=${address(`/api/calendars/${encodeURIComponent(name)}/days.ics`, { from: `${year}-01-01`, to: `${year}-12-31` })} download=${`${name}-${year}.ics`}><${Icon} name="download" /><span>.ics</span></a>
      ${may("edit") && html`<${Button} onClick=${() => importDays(name, view.again)}>Import…</${Button}><${Button} icon="edit" title="Edit (e)" onClick=${edit}>Edit</${Button}><${Button} icon="trash" title="Delete" aria-label="Delete" onClick=${() => deleteCalendar(data.calendar, () => go("/calendars"))} />`}</${Head}>
    <div class="calendar-screen"><div class="stack">
      <${Card}><div class="filters"><${YearNavigation} year=${year} toYear=${toYear} /><span class="grow"></span><span class="choices" role="group" aria-label="Business days of each month are counted"><span class="faint">Count</span>${[["", "off"], ["start", "1, 2, 3…"], ["end", "…−2, −1"]].map(([key, word]) => html`<${Toggle} key=${key} pressed=${ruler === key} onClick=${() => filter({ count: key || null })}>${word}</${Toggle}>`)}</span></div>
        <${Legend} />
        ${months ? html`<${Year} year=${year} months=${months} chosen=${date} today=${day0} ruler=${ruler} onChoose=${toDay} onYear=${toYear} />` : html`<p class="loading" role="status">Loading…</p>`}</${Card}>
      ${months && html`<${Twin} months=${months} toDay=${toDay} />`}</div>
      <div class="stack side"><${DayPanel} calendar=${data.calendar} day=${months && dayIn(months, date)} date=${date} again=${view.again} toDay=${toDay} /><${Sources} calendar=${data.calendar} data=${data.data} /><${Users} usage=${data.usage} /></div></div>`}</${Awaited}>`;
}
