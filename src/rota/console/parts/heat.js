// A heat map: a table whose cells are buttons with their figure, coloured by how much it is; arrows move, Enter opens.
import { duration, number } from "../lib/format.js";
import { html, useRef, useState } from "../lib/html.js";
import { weekdayOf } from "../lib/fires.js";
import { brief, briefPart, levelOf, stepsOf, valueOf, weeksOf } from "../lib/load.js";
import { WEEKDAYS } from "../lib/year.js";
import { Icon } from "./icons.js";

const two = (hour) => String(hour).padStart(2, "0");
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

const cellWords = (when, cell, slots) => (cell.counted
  ? `${when}: ${number(cell.fires)} fires, ${duration(cell.busySeconds)} of work${slots ? `, ${briefPart(valueOf(cell, "busy", slots))} of ${slots} slots` : ""}`
  : `${when}: not counted`);

const Cell = ({ cell, when, measure, most, slots, chosen, first, onOpen, children = null }) => {
  const value = valueOf(cell, measure, slots);
  const over = slots > 0 && valueOf(cell, "busy", slots) > 1;
  const words = cellWords(when, cell, slots);
  return html`<button type="button" class="heat-cell ${cell.counted ? `heat-${levelOf(value, most)}` : "heat-unknown"} ${over ? "over" : ""}" tabindex=${chosen || first ? 0 : -1} aria-pressed=${chosen} title=${words} disabled=${!cell.counted} onClick=${() => onOpen(cell)}>
    ${children}<span class="unseen">${over ? `${words}; more than the workers can do` : words}</span><span aria-hidden="true">${cell.counted ? (value > 0 ? (measure === "busy" ? briefPart(value) : brief(value)) : "") : "?"}${over && html`<span aria-hidden="true"> !</span>`}</span></button>`;
};

/** Arrow keys move over the buttons of a table, row by row. */
function useArrows() {
  const ref = useRef(null);
  const press = (event) => {
    const step = STEPS[event.key];
    const cell = event.target.closest("td");
    if (!step || !cell || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    let [row, column] = [cell.parentElement.rowIndex, cell.cellIndex];
    for (;;) {
      row += step[0]; column += step[1];
      const next = ref.current.rows[row]?.cells[column];
      if (!next || next.tagName !== "TD") return;
      const button = next.querySelector("button:not(:disabled)");
      if (button) { event.target.tabIndex = -1; button.tabIndex = 0; button.focus(); return; }
    }
  };
  return { ref, press };
}

/** What the darkest colour stands for: the most that there is; of the slots at least all of them. */
const mostOf = (cells, measure, slots) => Math.max(measure === "busy" ? 1 : 0, ...cells.map((cell) => valueOf(cell, measure, slots)));

const Off = ({ off }) => off.length > 0 && html`<span class="off-day" title=${off.map(({ calendar, name }) => `${name} (${calendar})`).join(", ")}><${Icon} name="calendar" /><span class="cut">${off[0].name}${off.length > 1 ? ` +${off.length - 1}` : ""}</span></span>`;

/** Days × hours. */
export const HoursHeat = ({ days, measure, slots, chosen, onOpen }) => {
  const { ref, press } = useArrows();
  const most = mostOf(days.flatMap(({ hours }) => hours.filter(Boolean)), measure, slots);
  const firstAt = days[0]?.hours.find(Boolean)?.at;
  const has = days.some(({ hours }) => hours.some((cell) => cell && chosen && cell.at === chosen.from && cell.to === chosen.to));
  return html`<div class="scroller"><table class="heat hours" ref=${ref} onKeyDown=${press} aria-label="Load by day and hour"><thead><tr><th scope="col">Day</th>${Array.from({ length: 24 }, (_, hour) => html`<th key=${hour} scope="col">${two(hour)}</th>`)}<th scope="col" class="right">Day</th></tr></thead>
    <tbody>${days.map((day) => html`<tr key=${day.date} class=${day.off.length ? "is-off" : ""}><th scope="row"><span class="nowrap">${weekdayOf(day.date)} ${day.date.slice(5)}</span><${Off} off=${day.off} /></th>
      ${day.hours.map((cell, hour) => html`<td key=${hour}>${cell && html`<${Cell} ...${{ cell, measure, most, slots, onOpen }} when=${`${weekdayOf(day.date)} ${day.date} ${two(hour)}:00`} chosen=${cell.at === chosen?.from && cell.to === chosen?.to} first=${!has && cell.at === firstAt} />`}</td>`)}
      <td class="right"><button type="button" class="linklike" tabindex="-1" disabled=${!day.total.counted} title=${cellWords(day.date, day.total, slots)} onClick=${() => onOpen(day.total)}>${!day.total.counted ? "?" : measure === "busy" ? briefPart(valueOf(day.total, "busy", slots)) : brief(day.total.fires)}</button></td></tr>`)}</tbody></table></div>
    <${Scale} most=${most} measure=${measure} />`;
};

/** Weeks × days. */
export const DaysHeat = ({ days, measure, slots, chosen, onOpen }) => {
  const { ref, press } = useArrows();
  const most = mostOf(days.map(({ total }) => total), measure, slots);
  const has = days.some(({ total }) => total.at === chosen?.from && total.to === chosen?.to);
  return html`<div class="scroller"><table class="heat days" ref=${ref} onKeyDown=${press} aria-label="Load by week and day"><thead><tr>${WEEKDAYS.map((day) => html`<th key=${day} scope="col">${day}</th>`)}</tr></thead>
    <tbody>${weeksOf(days).map((week, row) => html`<tr key=${row}>${week.map((day, column) => html`<td key=${column}>${day && html`<${Cell} ...${{ measure, most, slots, onOpen }} cell=${day.total} when=${day.date} chosen=${day.total.at === chosen?.from && day.total.to === chosen?.to} first=${!has && day === days[0]}><small class="date">${day.date.slice(5)}</small><${Off} off=${day.off} /></${Cell}>`}</td>`)}</tr>`)}</tbody></table></div>
    <${Scale} most=${most} measure=${measure} />`;
};

const Scale = ({ most, measure }) => {
  const told = (value) => (measure === "busy" ? briefPart(value) : brief(Math.max(1, Math.ceil(value))));
  return html`<div class="legend" aria-label="Legend"><span><i class="heat-cell heat-0"></i> nothing</span>${most > 0 && stepsOf(most).map((value, index) => html`<span key=${index}><i class="heat-cell heat-${index + 1}"></i> ${index === 0 ? "a little" : `above ${told(value)}`}</span>`)}
    <span><i class="heat-cell over">!</i> more than the workers can do</span><span><i class="heat-cell heat-unknown">?</i> not counted</span><span><${Icon} name="calendar" /> a day off of a calendar</span></div>`;
};

/** The same as a plain table: only what fires. */
export const LoadTwin = ({ days, slots, onOpen }) => {
  const [open, setOpen] = useState(false);
  const rows = open ? days.flatMap((day) => day.hours.flatMap((cell, hour) => (cell?.fires ? [{ day, cell, hour }] : []))) : [];
  return html`<details class="twin" onToggle=${(event) => setOpen(event.target.open)}><summary>As a table</summary>${open && html`<div class="scroller scrolls" tabindex="0" aria-label="Hours in which something fires"><table aria-label="Load by hour"><thead><tr><th scope="col">Hour</th><th scope="col" class="right">Fires</th><th scope="col" class="right">Work</th><th scope="col" class="right">Of the slots</th><th scope="col">Days off</th></tr></thead>
    <tbody>${rows.map(({ day, cell, hour }) => html`<tr key=${cell.at}><td><button type="button" class="linklike" onClick=${() => onOpen(cell)}>${weekdayOf(day.date)} ${day.date} ${two(hour)}:00</button></td><td class="right">${number(cell.fires)}</td><td class="right">${duration(cell.busySeconds)}</td><td class="right">${slots ? briefPart(valueOf(cell, "busy", slots)) : "–"}</td><td>${day.off.map(({ name }) => name).join(", ")}</td></tr>`)}</tbody></table></div>`}</details>`;
};
