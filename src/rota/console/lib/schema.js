// A form from a JSON schema, and what is typed into it as the JSON that is sent. JSON is the truth: what a form cannot show is edited as such. Pure.
import { read, same, write } from "./exact.js";

/**
 * kind: text · long · date · datetime · time · integer · number · boolean · choice · list (of `item`) · object (of `fields`) · json.
 * @typedef {{name: string, title: string, says: string, kind: string, required: boolean, nullable: boolean, options: any[], own: any, item: FormField|null, fields: FormField[], schema: any}} FormField
 */

const DEEPEST = 4;
const LONG_FROM = 200;
const FORMATS = { date: "date", "date-time": "datetime", time: "time" };
const SCALARS = new Set(["text", "date", "datetime", "time", "integer", "number", "choice"]);
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** A schema with its references within the document and a lone `allOf` followed. */
function resolved(schema, root, steps = 0) {
  if (!isObject(schema) || steps > 8) return isObject(schema) ? schema : {};
  const { $ref: ref, allOf, ...own } = schema;
  if (typeof ref === "string" && ref.startsWith("#/")) {
    const found = ref.slice(2).split("/").reduce((at, part) => at?.[part.replaceAll("~1", "/").replaceAll("~0", "~")], root);
    return found ? { ...resolved(found, root, steps + 1), ...own } : schema;
  }
  if (Array.isArray(allOf) && allOf.length === 1) return { ...resolved(allOf[0], root, steps + 1), ...own };
  return schema;
}

/** The schema without its null, and whether it has one: {schema, nullable}. */
function withoutNull(schema, root) {
  const variants = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(variants)) {
    const { anyOf: _any, oneOf: _one, ...around } = schema;
    const rest = variants.filter((one) => one?.type !== "null");
    const nullable = rest.length < variants.length;
    if (rest.length === 1) return { schema: { ...resolved(rest[0], root), ...around }, nullable };
    const constants = rest.map((one) => resolved(one, root)).map((one) => ("const" in one ? [one.const] : one.enum));
    return constants.every(Boolean) ? { schema: { ...around, enum: constants.flat() }, nullable } : { schema, nullable };
  }
  if (Array.isArray(schema.type)) {
    const rest = schema.type.filter((type) => type !== "null");
    return { schema: { ...schema, type: rest.length === 1 ? rest[0] : rest }, nullable: rest.length < schema.type.length };
  }
  if (Array.isArray(schema.enum) && schema.enum.includes(null)) return { schema: { ...schema, enum: schema.enum.filter((one) => one !== null) }, nullable: true };
  return { schema, nullable: false };
}

function kindOf(schema, depth) {
  if ("const" in schema || Array.isArray(schema.enum)) return [schema.const, ...(schema.enum ?? [])].every((one) => !isObject(one) && !Array.isArray(one)) ? "choice" : "json";
  if (schema.anyOf || schema.oneOf || schema.allOf || schema.$ref || schema.not || schema.if) return "json";
  if (schema.type === "string") return FORMATS[schema.format] ?? ((schema.maxLength ?? 0) > LONG_FROM ? "long" : "text");
  if (schema.type === "object" || (schema.type === undefined && schema.properties)) return isObject(schema.properties) && Object.keys(schema.properties).length > 0 && depth < DEEPEST ? "object" : "json";
  if (schema.type === "array") return schema.items && !schema.prefixItems ? "list" : "json";
  return ["integer", "number", "boolean"].includes(schema.type) ? schema.type : "json";
}

/** Whether an input of this kind can show a value. A template where a date is wanted, say, it cannot. */
function shows(field, value) {
  if (value === undefined || value === null) return true;
  const { kind } = field;
  if (kind === "json") return true;
  if (kind === "object") return isObject(value) && Object.keys(value).every((name) => field.fields.some((one) => one.name === name));
  if (kind === "list") return Array.isArray(value) && value.every((one) => one !== null && shows(field.item, one));
  if (kind === "choice") return field.options.some((one) => same(one, value));
  if (kind === "integer") return typeof value === "bigint" || Number.isInteger(value);
  if (kind === "number") return typeof value === "number" || typeof value === "bigint";
  if (kind === "boolean") return typeof value === "boolean";
  if (typeof value !== "string") return false;
  if (kind === "date") return /^\d{4}-\d\d-\d\d$/.test(value);
  if (kind === "datetime") return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) && !Number.isNaN(Date.parse(value));
  return kind !== "time" || /^\d\d:\d\d(:\d\d)?$/.test(value);
}

const LIMITS = [["minimum", "at least"], ["exclusiveMinimum", "more than"], ["maximum", "at most"], ["exclusiveMaximum", "less than"], ["multipleOf", "a multiple of"]];

/** What a schema says about its values, for the hint below an input. */
function saysOf(schema, kind) {
  const limits = LIMITS.filter(([key]) => typeof schema[key] === "number").map(([key, word]) => `${word} ${schema[key]}`);
  if (schema.pattern && kind === "text") limits.push(`like ${schema.pattern}`);
  if (schema.minItems) limits.push(`at least ${schema.minItems}`);
  if (schema.maxItems) limits.push(`at most ${schema.maxItems}`);
  return [schema.description, limits.join(", ")].filter(Boolean).join(" · ");
}

/** @returns {FormField} */
function fieldOf(name, raw, { own, required, root, depth }) {
  const { schema, nullable } = withoutNull(resolved(raw, root), root);
  /** @type {FormField} */
  const field = {
    name, schema, nullable, required, title: schema.title ?? name, kind: kindOf(schema, depth), says: "",
    options: "const" in schema ? [schema.const] : schema.enum ?? [], own: own === undefined ? schema.default : own, item: null, fields: [],
  };
  if (field.kind === "list") {
    field.item = fieldOf("", schema.items, { own: undefined, required: true, root, depth: depth + 1 });
    if (!SCALARS.has(field.item.kind)) field.kind = "json";
  }
  if (field.kind === "object") field.fields = fieldsIn(schema, isObject(field.own) ? field.own : {}, root, depth + 1);
  if (!shows(field, field.own)) field.kind = "json";
  field.says = saysOf(schema, field.kind);
  return field;
}

const fieldsIn = (schema, given, root, depth) => Object.entries(schema.properties ?? {}).map(([name, raw]) =>
  fieldOf(name, raw, { own: given[name], required: (schema.required ?? []).includes(name), root, depth }));

/** The fields of the parameters of a job; `given` = what the job has already. @returns {FormField[]} */
export function fieldsOf(schema, given = {}) {
  const root = isObject(schema) ? schema : {};
  return fieldsIn(resolved(root, root), given ?? {}, root, 0);
}

/** A value as what its input holds: a text, a tick, a list of texts, or those of the fields in it by name. */
export function inputOf(field, value) {
  if (field.kind === "object") return Object.fromEntries(field.fields.map((one) => [one.name, inputOf(one, value?.[one.name])]));
  if (field.kind === "list") return (value ?? []).map((one) => inputOf(field.item, one));
  if (value === undefined || value === null) return "";
  if (field.kind === "boolean") return value;
  return field.kind === "json" ? write(value, 2) : String(value);
}

/** What all inputs hold at first, or after the JSON was edited: a name that it leaves out has what the job has. @param {FormField[]} fields @param {any} values */
export const formOf = (fields, values) => Object.fromEntries(fields.map((field) => [field.name, inputOf(field, values?.[field.name] === undefined ? field.own : values[field.name])]));

/** The names whose values only JSON can show. @param {FormField[]} fields @param {any} values @returns {string[]} */
export const beyond = (fields, values) => fields.filter((field) => !shows(field, values?.[field.name])).map(({ name }) => name);

function scalarOf(field, text) {
  if (field.kind === "integer") return /^[+-]?\d+$/.test(text.trim()) ? { value: whole(text.trim()) } : { wrong: "a whole number is wanted" };
  if (field.kind === "number") return text.trim() !== "" && Number.isFinite(Number(text)) ? { value: Number(text) } : { wrong: "a number is wanted" };
  if (field.kind === "choice") return { value: field.options.find((option) => String(option) === text) };
  if (field.kind === "json") { try { return { value: read(text) }; } catch (error) { return { wrong: `no JSON: ${error.message}` }; } }
  return { value: text };
}

const whole = (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text.replace(/^\+/, "")));

/** What an empty input means: left out, unless the job has something there that is to be no more. */
function emptied(field) {
  const held = field.own !== undefined && field.own !== null && field.own !== "";
  if (field.nullable && held) return { value: null };
  if (["text", "long"].includes(field.kind) && (held || field.required)) return { value: "" };
  return field.required ? { wrong: "this is required" } : { value: undefined };
}

/** What an input holds as JSON: {value} (undefined = left out) and what is wrong, by path: {wrong: {"copies": "…"}}. */
export function valueOf(field, held, path = field.name) {
  if (field.kind === "object") return objectOf(field, held, path);
  if (field.kind === "list") {
    const read = held.map((text, index) => [scalarOf(field.item, text), `${path}.${index}`]);
    const wrong = Object.fromEntries(read.filter(([one]) => one.wrong).map(([one, where]) => [where, one.wrong]));
    const left = held.length === 0 && !field.required && !(Array.isArray(field.own) && field.own.length);
    return { value: left ? undefined : read.map(([one]) => one.value), wrong };
  }
  if (field.kind === "boolean") return { value: held === "" ? (field.required ? false : field.nullable && field.own !== undefined ? null : undefined) : held, wrong: {} };
  const { value, wrong } = held === "" || held === undefined ? emptied(field) : scalarOf(field, held);
  return { value, wrong: wrong ? { [path]: wrong } : {} };
}

function objectOf(field, held, path) {
  const { value, wrong } = valuesOf(field.fields, held, `${path}.`);
  const left = Object.keys(value).length === 0 && !field.required && field.own === undefined;
  const blank = !field.required && field.own === undefined && same(held, inputOf(field, undefined));
  return left || blank ? { value: undefined, wrong: {} } : { value, wrong };
}

/**
 * What all inputs hold: {value, wrong by path}.
 * @param {FormField[]} fields @param {any} form @returns {{value: any, wrong: Record<string, string>}}
 */
export function valuesOf(fields, form, prefix = "") {
  const value = {};
  /** @type {Record<string, string>} */
  const wrong = {};
  for (const field of fields) {
    const found = valueOf(field, form[field.name], `${prefix}${field.name}`);
    Object.assign(wrong, found.wrong);
    if (found.value !== undefined) value[field.name] = found.value;
  }
  return { value, wrong };
}

/** What differs from the job's own parameters, name by name, as a trigger overrides them; null = nothing. */
export function overrides(own, value) {
  const changed = Object.entries(value ?? {}).filter(([name, one]) => !(own && name in own && same(own[name], one)));
  return changed.length ? Object.fromEntries(changed) : null;
}

/** The names that the job has and the value leaves out: a trigger cannot take them away. @returns {string[]} */
export const kept = (own, value) => Object.keys(own ?? {}).filter((name) => !(name in (value ?? {})));
