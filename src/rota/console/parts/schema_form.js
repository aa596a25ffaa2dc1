// The parameters of a job as a form, made from their JSON schema. JSON is the truth: a switch shows it.
import { notObject, read, write } from "../lib/exact.js";
import { html, useEffect, useMemo, useState } from "../lib/html.js";
import { fromInput, toInput } from "../lib/schedule_document.js";
import { beyond, fieldsOf, formOf, kept, valuesOf } from "../lib/schema.js";
import { Button } from "./layout.js";
import { zoneFor } from "./time.js";

/** The zone in which the reader has times told. */
export const readersZone = () => zoneFor(null) ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

const MODES = { integer: "numeric", number: "decimal" };

const Scalar = ({ field, id, held, wrong, onHeld, label = undefined }) => {
  const shared = { id, "aria-invalid": wrong ? "true" : undefined, "aria-describedby": `${id}-says`, "aria-required": field.required || undefined, "aria-label": label };
  const typed = (event) => onHeld(event.target.value);
  if (field.kind === "choice") {
    return html`<select ...${shared} onChange=${typed}>${(!field.required || held === "") && html`<option value="" selected=${held === ""}>–</option>`}${field.options.map((option) => html`<option key=${String(option)} value=${String(option)} selected=${held === String(option)}>${String(option)}</option>`)}</select>`;
  }
  if (field.kind === "json" || field.kind === "long") return html`<textarea ...${shared} class=${field.kind} rows=${Math.min(12, Math.max(3, String(held).split("\n").length))} spellcheck=${field.kind === "long"} value=${held} onInput=${typed}></textarea>`;
  if (field.kind === "datetime") return html`<input ...${shared} type="datetime-local" step="1" value=${toInput(held, readersZone())} onInput=${(event) => onHeld(fromInput(event.target.value, readersZone()) ?? "")} />`;
  const type = { date: "date", time: "time" }[field.kind] ?? "text";
  return html`<input ...${shared} type=${type} step=${type === "time" ? 1 : undefined} inputmode=${MODES[field.kind]} spellcheck=${false} value=${held} onInput=${typed} />`;
};

const Says = ({ id, field, wrong }) => html`<small id=${`${id}-says`} class=${wrong ? "wrong" : ""}>${wrong || [field.says, field.kind === "datetime" ? `in ${readersZone()}` : "", field.nullable && field.own !== undefined && field.own !== null ? "empty = null" : ""].filter(Boolean).join(" · ")}</small>`;

const Title = ({ field }) => html`${field.title}${field.required && html`<span class="needed" title="required" aria-hidden="true"> *</span>`}${field.title !== field.name && html` <code class="faint">${field.name}</code>`}`;

const Items = ({ field, id, held, wrongOf, path, onHeld }) => html`<div class="field" role="group" aria-label=${field.title}><span><${Title} field=${field} /></span>
  ${held.map((text, index) => html`<span key=${index} class="item"><${Scalar} field=${field.item} id=${`${id}-${index}`} label=${`${field.title}, ${index + 1}`} held=${text} wrong=${wrongOf(`${path}.${index}`)} onHeld=${(next) => onHeld(held.with(index, next))} />
    <${Button} icon="close" tone="plain" title="Take it away" aria-label=${`Take away ${field.title}, ${index + 1}`} onClick=${() => onHeld(held.toSpliced(index, 1))} /></span>${wrongOf(`${path}.${index}`) && html`<small class="wrong" id=${`${id}-${index}-says`}>${wrongOf(`${path}.${index}`)}</small>`}`)}
  <span><${Button} icon="plus" tone="small" aria-label=${`Add to ${field.title}`} onClick=${() => { onHeld([...held, field.item.options.length ? String(field.item.options[0]) : ""]); setTimeout(() => document.getElementById(`${id}-${held.length}`)?.focus(), 0); }}>Add</${Button}></span><${Says} id=${id} field=${field} wrong=${wrongOf(path)} /></div>`;

const Field = ({ field, path, held, wrongOf, onHeld }) => {
  const id = `parameter-${path.replaceAll(/[^\w-]/g, "-")}`;
  const wrong = wrongOf(path);
  if (field.kind === "object") {
    return html`<fieldset class="inner whole"><legend><${Title} field=${field} /></legend>${field.says && html`<small class="faint">${field.says}</small>`}
      <div class="grid">${field.fields.map((one) => html`<${Field} key=${one.name} field=${one} path=${`${path}.${one.name}`} held=${held[one.name]} wrongOf=${wrongOf} onHeld=${(next) => onHeld({ ...held, [one.name]: next })} />`)}</div></fieldset>`;
  }
  if (field.kind === "list") return html`<${Items} field=${field} id=${id} held=${held} wrongOf=${wrongOf} path=${path} onHeld=${onHeld} />`;
  if (field.kind === "boolean" && (field.required || typeof field.own === "boolean")) {
    return html`<div class="field ticked"><label class="check"><input type="checkbox" id=${id} aria-describedby=${`${id}-says`} checked=${held === true} onChange=${(event) => onHeld(event.target.checked)} /> <span><${Title} field=${field} /></span></label><${Says} id=${id} field=${field} wrong=${wrong} /></div>`;
  }
  const shown = field.kind === "boolean"
    ? html`<select id=${id} aria-describedby=${`${id}-says`} onChange=${(event) => onHeld({ yes: true, no: false }[event.target.value] ?? "")}>${[["", "–"], [true, "yes"], [false, "no"]].map(([value, word]) => html`<option key=${word} value=${word} selected=${held === value}>${word}</option>`)}</select>`
    : html`<${Scalar} field=${field} id=${id} held=${held} wrong=${wrong} onHeld=${onHeld} />`;
  return html`<div class="field ${field.kind === "json" || field.kind === "long" ? "whole" : ""}"><label for=${id}><${Title} field=${field} /></label>${shown}<${Says} id=${id} field=${field} wrong=${wrong} /></div>`;
};

/** Whether an input holds nothing: it is not told that it is wrong before somebody tries to go on. */
const blank = (form, path) => { const held = path.split(".").reduce((at, name) => at?.[name], form); return held === "" || held === undefined; };

/**
 * `onChange({value, wrong})` after every change: value = the object (null where it is no JSON), wrong = what is wrong by path.
 * `tried` = whether empty fields that are required are told, too.
 * @param {{schema: any, initial: any, problem?: any, tried?: boolean, onChange: (state: {value: any, wrong: Record<string, string>}) => void}} props
 */
export const SchemaForm = ({ schema, initial, problem = null, tried = false, onChange }) => {
  const fields = useMemo(() => fieldsOf(schema, initial), [schema]);
  const [asJson, setAsJson] = useState(fields.length === 0);
  const [form, setForm] = useState(() => formOf(fields, initial));
  const [others, setOthers] = useState(() => without(initial, fields));
  const [json, setJson] = useState(() => write(initial ?? {}, 2));
  const [hidden, setHidden] = useState([]);
  const found = valuesOf(fields, form);
  const wrongOf = (path) => problem?.of?.(path) ?? (tried || !blank(form, path) ? found.wrong[path] : null) ?? null;
  const change = (next) => {
    setForm(next);
    const { value, wrong } = valuesOf(fields, next);
    onChange({ value: { ...others, ...value }, wrong });
  };
  useEffect(() => { if (!asJson) onChange({ value: { ...others, ...found.value }, wrong: found.wrong }); }, []);  // what is seen at first is what is sent
  const broken = asJson ? notObject(json) : "";
  const changeJson = (text) => {
    setJson(text);
    setHidden([]);
    const wrong = notObject(text);
    onChange(wrong ? { value: null, wrong: { "": wrong } } : { value: read(text), wrong: {} });
  };
  const toggle = () => {
    if (!asJson) { setJson(write({ ...others, ...found.value }, 2)); setAsJson(true); return; }
    if (broken) return;
    const value = read(json);
    const cannot = beyond(fields, value);
    setHidden(cannot);
    if (cannot.length) return;
    setOthers(without(value, fields));
    setForm(formOf(fields, value));
    setAsJson(false);
  };
  const stays = asJson && !broken ? kept(initial, read(json)) : [];
  return html`<fieldset class="stack"><legend>Parameters</legend>
    ${fields.length > 0 && html`<div><label class="check"><input type="checkbox" checked=${asJson} onChange=${toggle} /> as JSON</label>${hidden.length > 0 && html`<p class="wrong" role="alert">The form cannot show ${hidden.join(", ")}: this stays JSON.</p>`}</div>`}
    ${asJson
      ? html`<div class="field"><label class="unseen" for="parameters-json">Parameters as JSON</label><textarea id="parameters-json" rows=${Math.min(18, Math.max(6, json.split("\n").length + 1))} spellcheck=${false} aria-invalid=${broken ? "true" : undefined} aria-describedby="parameters-json-says" value=${json} onInput=${(event) => changeJson(event.target.value)}></textarea>
        <small id="parameters-json-says" class=${broken ? "wrong" : ""}>${broken || (stays.length ? `${stays.join(", ")}: as the job has it` : schema ? "" : "This job takes any JSON object: it has no schema.")}</small></div>`
      : html`<div class="grid">${fields.map((field) => html`<${Field} key=${field.name} field=${field} path=${field.name} held=${form[field.name]} wrongOf=${wrongOf} onHeld=${(next) => change({ ...form, [field.name]: next })} />`)}</div>
        ${Object.keys(others).length > 0 && html`<p class="faint small">${Object.keys(others).join(", ")}: not in the schema; to be seen as JSON.</p>`}`}
  </fieldset>`;
};

/** What the schema does not name. */
const without = (value, fields) => Object.fromEntries(Object.entries(value ?? {}).filter(([name]) => !fields.some((field) => field.name === name)));
