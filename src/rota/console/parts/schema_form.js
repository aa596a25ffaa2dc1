// The parameters of a job as a form, made from their JSON schema. JSON is the truth: a switch shows it.
import { html, useMemo, useState } from "../lib/html.js";
import { asText, asValue, fieldsOf } from "../lib/schema.js";

const Field = ({ field, text, wrong, onText }) => {
  const id = `parameter-${field.name}`;
  const shared = { id, "aria-invalid": wrong ? "true" : undefined, "aria-describedby": `${id}-says`, required: field.required };
  const input = field.kind === "choice"
    ? html`<select ...${shared} value=${text} onChange=${(event) => onText(event.target.value)}>${!field.required && html`<option value="">–</option>`}${field.options.map((option) => html`<option key=${option} value=${String(option)}>${String(option)}</option>`)}</select>`
    : field.kind === "json" || field.kind === "text"
      ? html`<textarea ...${shared} rows="4" spellcheck=${false} value=${text} onInput=${(event) => onText(event.target.value)}></textarea>`
      : html`<input ...${shared} type=${field.kind === "date" ? "date" : "text"} inputmode=${{ integer: "numeric", number: "decimal" }[field.kind]} value=${text} onInput=${(event) => onText(event.target.value)} />`;
  if (field.kind === "boolean") {
    return html`<div class="field"><label class="check"><input type="checkbox" id=${id} checked=${text === true} onChange=${(event) => onText(event.target.checked)} /> ${field.title}</label><small id=${`${id}-says`}>${field.says}</small></div>`;
  }
  return html`<div class="field"><label for=${id}>${field.title}${field.required ? " *" : ""} <small class="faint">${field.title === field.name ? "" : field.name}</small></label>${input}<small id=${`${id}-says`}>${wrong ? html`<span class="wrong">${wrong}</span>` : field.says}</small></div>`;
};

/**
 * `onChange({value, wrong})` after every change: value = the object, wrong = whether something cannot be sent.
 * @param {{schema: any, initial: any, problem?: any, onChange: (state: {value: any, wrong: boolean}) => void}} props
 */
export const SchemaForm = ({ schema, initial, problem = null, onChange }) => {
  const fields = useMemo(() => fieldsOf(schema, initial ?? {}), [schema]);
  const [asJson, setAsJson] = useState(fields.length === 0);
  const [texts, setTexts] = useState(() => Object.fromEntries(fields.map((field) => [field.name, field.kind === "boolean" ? field.initial === true : asText(field.kind, field.initial)])));
  const [json, setJson] = useState(() => JSON.stringify(initial ?? {}, null, 2));
  const others = Object.fromEntries(Object.entries(initial ?? {}).filter(([name]) => !fields.some((field) => field.name === name)));

  const collected = (all) => {
    const value = { ...others };
    const wrong = {};
    for (const field of fields) {
      const read = asValue(field, all[field.name]);
      if (read.wrong) wrong[field.name] = read.wrong;
      else if (read.value !== undefined) value[field.name] = read.value;
    }
    return { value, wrong };
  };
  const { wrong } = collected(texts);
  const change = (name, text) => {
    const next = { ...texts, [name]: text };
    setTexts(next);
    const read = collected(next);
    onChange({ value: read.value, wrong: Object.keys(read.wrong).length > 0 });
  };
  const changeJson = (text) => {
    setJson(text);
    try {
      const value = JSON.parse(text);
      onChange({ value, wrong: typeof value !== "object" || value === null || Array.isArray(value) });
    } catch { onChange({ value: null, wrong: true }); }
  };
  const toggle = () => {
    if (!asJson) setJson(JSON.stringify(collected(texts).value, null, 2));
    else {
      try {
        const value = JSON.parse(json);
        setTexts(Object.fromEntries(fields.map((field) => [field.name, field.kind === "boolean" ? value[field.name] === true : asText(field.kind, value[field.name])])));
      } catch { return; }
    }
    setAsJson(!asJson);
  };
  const broken = asJson && (() => { try { const value = JSON.parse(json); return typeof value === "object" && value && !Array.isArray(value) ? "" : "an object"; } catch (error) { return error.message; } })();
  return html`<fieldset class="stack"><legend>Parameters</legend>
    ${fields.length > 0 && html`<div><label class="check"><input type="checkbox" checked=${asJson} onChange=${toggle} /> as JSON</label></div>`}
    ${asJson
      ? html`<div class="field"><label class="unseen" for="parameters-json">Parameters as JSON</label><textarea id="parameters-json" rows="6" spellcheck=${false} aria-invalid=${broken ? "true" : undefined} value=${json} onInput=${(event) => changeJson(event.target.value)}></textarea>${broken && html`<span class="wrong">${broken}</span>`}</div>`
      : fields.map((field) => html`<${Field} key=${field.name} field=${field} text=${texts[field.name]} wrong=${problem?.of?.(field.name) ?? (texts[field.name] ? wrong[field.name] : null)} onText=${(text) => change(field.name, text)} />`)}
  </fieldset>`;
};
