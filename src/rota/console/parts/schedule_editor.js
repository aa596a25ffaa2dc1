// A schedule: a builder for every rule, JSON that is the truth, and beside them what it will do.
import { get } from "../lib/api.js";
import { html, useEffect, useMemo, useState } from "../lib/html.js";
import { errorOf, RULES, ruleOf, withRule } from "../lib/schedule_document.js";
import { Choice, Field, Toggle } from "./fields.js";
import { Policies } from "./schedule_policies.js";
import { Preview } from "./schedule_preview.js";
import { Rule } from "./schedule_rule.js";

export { Preview };

let editors = 0;

/** What is wrong with a text as a JSON object, or "". */
function brokenJson(text) {
  try {
    const found = JSON.parse(text);
    return typeof found === "object" && found !== null && !Array.isArray(found) ? "" : "a JSON object is wanted";
  } catch (error) { return error.message; }
}

const Json = ({ value, onChange, onBroken }) => {
  const id = useMemo(() => `schedule-json-${(editors += 1)}`, []);
  const [text, setText] = useState(() => JSON.stringify(value, null, 2));
  const broken = brokenJson(text);
  useEffect(() => { if (!brokenJson(text) && JSON.stringify(JSON.parse(text)) !== JSON.stringify(value)) setText(JSON.stringify(value, null, 2)); }, [JSON.stringify(value)]);
  useEffect(() => () => onBroken(""), []);
  const edit = (written) => {
    setText(written);
    onBroken(brokenJson(written));
    if (!brokenJson(written)) onChange(JSON.parse(written));
  };
  return html`<div class="field"><label class="unseen" for=${id}>Schedule as JSON</label><textarea id=${id} rows=${Math.min(24, Math.max(10, text.split("\n").length + 1))} spellcheck=${false} aria-invalid=${broken ? "true" : undefined} value=${text} onInput=${(event) => edit(event.target.value)}></textarea>
    <small class=${broken ? "wrong" : ""}>${broken || "The form keeps fields that it does not know."}</small></div>`;
};

/**
 * `problem` = a refusal of the server, or `errors` = its list: told at their fields. `onBroken` hears of text that is no
 * JSON, for which `onChange` is not called.
 * @param {{value: any, onChange: (document: any) => void, problem?: any, errors?: any[], onBroken?: (why: string) => void}} props
 */
export const ScheduleEditor = ({ value, onChange, problem = null, errors = [], onBroken = () => {} }) => {
  const [asJson, setAsJson] = useState(false);
  const [seen, setSeen] = useState(null);
  const [calendars, setCalendars] = useState([]);
  useEffect(() => { get("/api/calendars", { limit: 100 }).then((page) => setCalendars(page.items.map(({ name }) => name)), () => {}); }, []);
  const refused = [...(seen?.errors ?? []), ...errors, ...(problem?.errors ?? [])];
  const wrong = (name) => errorOf(refused, name);
  const rule = ruleOf(value);
  const zone = value.timeZone || "UTC";
  const rules = rule ? RULES : [["", "Choose…"], ...RULES];
  return html`<div class="schedule-editor"><div class="stack">
    <div class="row"><span class="choices" role="group" aria-label="Edit as"><${Toggle} pressed=${!asJson} onClick=${() => setAsJson(false)}>Form</${Toggle}><${Toggle} pressed=${asJson} onClick=${() => setAsJson(true)}>JSON</${Toggle}></span></div>
    ${asJson ? html`<${Json} value=${value} onChange=${onChange} onBroken=${onBroken} />` : html`
      <div class="grid"><${Field} word="Rule" wide=${rule === "cron" || rule === "rrule" || rule === "weekly"}><${Choice} value=${rule ?? ""} options=${rules} onValue=${(it) => it && onChange(withRule(value, it))} /></${Field}>
        <${Rule} rule=${rule} value=${value} onChange=${onChange} wrong=${wrong} zone=${zone} /></div>
      <${Policies} value=${value} onChange=${onChange} wrong=${wrong} calendars=${calendars} zone=${zone} />`}
  </div><${Preview} schedule=${value} onProblem=${setSeen} /></div>`;
};
