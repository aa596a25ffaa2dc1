// A year as twelve small months: every day is told by a letter and a colour, and is reached by the arrow keys.
import { html, useEffect, useRef } from "../lib/html.js";
import { MONTHS, nthWords, shifted, WEEKDAYS, weeksOf } from "../lib/year.js";
import { Icon } from "./icons.js";

/** How a day is marked: its letter, its class, its words. */
export const MARKS = {
  weekend: ["", "weekend", "Weekend"], holiday: ["H", "holiday", "Holiday"], rule: ["R", "rule", "Day off by a rule"],
  off: ["×", "override-off", "Taken off by hand"], worked: ["✓", "override-on", "Worked by hand"], workedWeekend: ["w", "override-on", "Worked weekend"],
};
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

/** Why a day is off, or that it is worked. */
export const dayWords = (day) => {
  const said = day.reasons.filter(({ overridden }) => !overridden).map(({ name }) => name).join(", ");
  return `${WEEKDAYS[day.weekday]} ${day.date}, ${day.working ? `worked${said ? `: ${said}` : ""}, ${nthWords(day)}` : `off: ${said || "weekend"}`}`;
};

const Cell = ({ day, chosen, today, ruler, onChoose }) => {
  const [letter, look] = MARKS[day.mark] ?? ["", day.working ? "" : "weekend"];
  const counted = ruler === "start" ? day.nth : ruler === "end" ? day.last : null;
  return html`<button type="button" class="day-cell ${look} ${day.date === today ? "today" : ""}" data-date=${day.date} tabindex=${chosen ? 0 : -1} aria-current=${day.date === today ? "date" : undefined} aria-pressed=${chosen}
    title=${dayWords(day)} onClick=${() => onChoose(day.date)}><span>${day.number}</span><span class="unseen"> ${dayWords(day)} </span>${ruler ? html`<small aria-hidden="true">${counted === null ? letter : counted < 0 ? `−${-counted}` : counted}</small>` : letter && html`<small aria-hidden="true">${letter}</small>`}</button>`;
};

const Month = ({ month, year, ...rest }) => html`<section class="month" aria-label=${`${MONTHS[month.number - 1]} ${year}`}><h2>${MONTHS[month.number - 1]} <span class="faint" title="business days">${month.working}<span class="unseen"> business days</span></span></h2>
  <table role="presentation"><thead><tr>${WEEKDAYS.map((name) => html`<th key=${name} abbr=${name}>${name.slice(0, 2)}</th>`)}</tr></thead>
  <tbody>${weeksOf(month.days).map((week) => html`<tr key=${week.find(Boolean).date}>${week.map((day, index) => html`<td key=${index}>${day && html`<${Cell} day=${day} chosen=${day.date === rest.chosen} today=${rest.today} ruler=${rest.ruler} onChoose=${rest.onChoose} />`}</td>`)}</tr>`)}</tbody></table></section>`;

export const Legend = () => html`<div class="legend" aria-label="Legend"><span><i class="day-cell">1</i> worked</span>${Object.entries(MARKS).filter(([key]) => key !== "workedWeekend").map(([key, [letter, look, word]]) => html`<span key=${key}><i class="day-cell ${look}">${letter || "1"}</i> ${word.toLowerCase()}</span>`)}</div>`;

/**
 * `ruler` = "", "start" or "end": business days of each month are numbered from there.
 * @param {{year: number, months: any[], chosen: string, today: string, ruler: string, onChoose: (date: string) => void, onYear: (year: number, date: string) => void}} props
 */
export const Year = ({ year, months, chosen, today, ruler, onChoose, onYear }) => {
  const ref = useRef(null);
  const moved = useRef(false);
  useEffect(() => { if (moved.current) { moved.current = false; ref.current.querySelector(`[data-date="${chosen}"]`)?.focus(); } }, [chosen]);
  const press = (event) => {
    const step = STEPS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || !event.target.dataset.date) return;
    event.preventDefault();
    const next = shifted(event.target.dataset.date, step);
    moved.current = true;
    if (Number(next.slice(0, 4)) === year) onChoose(next);
    else onYear(Number(next.slice(0, 4)), next);
  };
  return html`<div class="year" ref=${ref} onKeyDown=${press}>${months.map((month) => html`<${Month} key=${month.number} ...${{ month, year, chosen, today, ruler, onChoose }} />`)}</div>`;
};

/** Why a day is as it is: everything that is said of it, what is beaten struck through. */
export const Reasons = ({ day, calendar }) => (day.reasons.length === 0
  ? html`<p class="faint">${day.working ? "An ordinary working day: nothing is said of it." : "It is of the weekend."}</p>`
  : html`<ul class="reasons">${day.reasons.map((one) => html`<li key=${one.kind + one.name + one.calendar}><${Icon} name=${one.working ? "succeeded" : "calendar"} /><span>${one.overridden ? html`<s>${one.name}</s> <span class="faint">overridden</span>` : one.name}
      <span class="faint small"> ${one.kind === "workedWeekend" ? "worked weekend" : one.kind}${one.calendar && one.calendar !== calendar ? ` of ${one.calendar}` : ""}${one.by ? `, by ${one.by}` : ""}</span></span></li>`)}</ul>`);
