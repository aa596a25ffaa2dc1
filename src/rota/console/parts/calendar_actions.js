// One day of a calendar said otherwise, and taken back; a file of days off; a calendar that goes.
import { put, remove, request } from "../lib/api.js";
import { count } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { definitionOf } from "./calendar_form.js";
import { confirm, Dialog, over } from "./dialog.js";
import { AwaitedEffects } from "./effects.js";
import { Check, Field } from "./fields.js";
import { Button, Refusal } from "./layout.js";
import { say } from "./toast.js";

const at = (name) => `/api/calendars/${encodeURIComponent(name)}`;
const state = (working) => (working ? "worked" : "off");

/** Say that a day is worked, or that it is not, after its effects were seen. */
export const override = (calendar, date, working, done) => confirm({
  title: `${date}: make it ${working ? "a working day" : "a day off"}?`, verb: working ? "Make it worked" : "Take it off",
  says: html`<${AwaitedEffects} ask=${() => put(`${at(calendar.name)}/overrides/${date}?dryRun=true`, { working })} />`,
  act: (reason) => put(`${at(calendar.name)}/overrides/${date}`, { working, ...(reason ? { reason } : {}) }),
}).then((made) => { if (made) { say(`${date} is ${state(working)}${made.movedCount ? `; the next fire of ${count(made.movedCount, "schedule")} has moved` : ""}`); done(); } });

/** Take back what was said of a day. */
export const takeOverride = (calendar, date, done) => confirm({
  title: `${date}: take the override back?`, verb: "Take it back", reason: "",
  says: html`<${AwaitedEffects} ask=${() => put(`${at(calendar.name)}?dryRun=true`, { ...definitionOf(calendar), overrides: calendar.overrides.filter((one) => one.date !== date) })} />`,
  act: () => remove(`${at(calendar.name)}/overrides/${date}`),
}).then((is) => { if (is) { say(`What was said of ${date} is taken back`); done(); } });

export const deleteCalendar = (calendar, done) => confirm({
  title: `Delete ${calendar.name}?`, verb: "Delete", tone: "danger", reason: "", says: html`<p>Only a calendar that no schedule and no other calendar goes by can be deleted.</p>`,
  act: () => remove(at(calendar.name), { headers: { "If-Match": `"${calendar.version}"` } }),
}).then((is) => { if (is) { say(`${calendar.name} is deleted`); done(); } });

const Import = ({ name, close }) => {
  const [text, setText] = useState("");
  const [replace, setReplace] = useState(false);
  const [answer, setAnswer] = useState(null);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try { setAnswer(await request("POST", `${at(name)}/import`, { query: replace ? { replace } : {}, text, headers: { "Content-Type": "text/calendar; charset=utf-8" } })); } catch (refusal) { setProblem(refusal); }
    setBusy(false);
  };
  if (answer) {
    return html`<${Dialog} title="Imported" onClose=${() => close(answer)}><p><b>${count(answer.added, "day off", "days off")}</b> added, ${answer.removed} taken away, ${answer.unchanged} were there already.</p>
      ${answer.skipped.length > 0 && html`<h3>${count(answer.skipped.length, "event")} left out</h3><ul class="changes">${answer.skipped.map((one, index) => html`<li key=${index}>${one.summary} <span class="faint">${one.why}</span></li>`)}</ul>`}
      <footer><${Button} tone="primary" onClick=${() => close(answer)}>Good</${Button}></footer></${Dialog}>`;
  }
  return html`<${Dialog} title=${`Import days off into ${name}`} onClose=${() => close(undefined)}><form onSubmit=${submit}>
    <${Field} word="iCalendar file (.ics)" says="each whole day of it becomes a day off; other events are left out"><input type="file" accept=".ics,text/calendar" required onChange=${async (event) => setText(await event.target.files[0]?.text() ?? "")} /></${Field}>
    <${Check} checked=${replace} onValue=${setReplace}>Take away single days that the file does not hold</${Check}>
    ${problem && html`<${Refusal} problem=${problem} />`}
    <footer><${Button} onClick=${() => close(undefined)}>Back</${Button}><button class="button primary" disabled=${busy || !text}>${busy ? "…" : "Import"}</button></footer>
  </form></${Dialog}>`;
};

/** Take the days off of a file. */
export const importDays = (name, done) => over((close) => html`<${Import} name=${name} close=${close} />`).then((answer) => { if (answer) done(); });
