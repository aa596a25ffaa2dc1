// A form from a JSON schema, and its values as the JSON that is sent. Pure.

/** @typedef {{name: string, title: string, says: string, kind: string, required: boolean, options: any[], initial: any, schema: any}} FormField */

const PLAIN = new Set(["string", "integer", "number", "boolean"]);

/** The type that a schema allows besides null; "json" where a form cannot show it. */
function kindOf(schema) {
  if (Array.isArray(schema.enum)) return "choice";
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants) {
    const rest = variants.filter((one) => one.type !== "null");
    return rest.length === 1 ? kindOf(rest[0]) : "json";
  }
  const types = [schema.type].flat().filter((type) => type && type !== "null");
  if (types.length !== 1 || schema.$ref) return "json";
  if (types[0] === "string" && schema.format === "date") return "date";
  if (types[0] === "string" && (schema.maxLength ?? 0) > 200) return "text";
  return PLAIN.has(types[0]) ? types[0] : "json";
}

/** @returns {FormField[]} */
export function fieldsOf(schema, given = {}) {
  const required = new Set(schema?.required ?? []);
  return Object.entries(schema?.properties ?? {}).map(([name, raw]) => {
    const inner = (raw.anyOf ?? raw.oneOf)?.find((one) => one.type !== "null") ?? raw;
    return {
      name, title: raw.title ?? name, says: raw.description ?? "", kind: kindOf(raw), required: required.has(name),
      options: inner.enum ?? [], initial: name in given ? given[name] : raw.default, schema: inner,
    };
  });
}

/** A value as the text of an input. */
export function asText(kind, value) {
  if (value === undefined || value === null) return "";
  return kind === "json" ? JSON.stringify(value, null, 2) : String(value);
}

/** The text of an input as a value: {value} or {wrong}. undefined = left out. Large integers stay exact. */
export function asValue(field, text) {
  if (field.kind === "boolean") return { value: Boolean(text) };
  if (text === "" || text === undefined) return field.required ? { wrong: "required" } : { value: undefined };
  if (field.kind === "integer") {
    if (!/^[+-]?\d+$/.test(text.trim())) return { wrong: "a whole number" };
    return { value: exact(text.trim()) };
  }
  if (field.kind === "number") {
    const value = Number(text);
    return Number.isFinite(value) ? { value } : { wrong: "a number" };
  }
  if (field.kind === "choice") return { value: field.options.find((option) => String(option) === text) };
  if (field.kind === "json") {
    try { return { value: JSON.parse(text) }; } catch (error) { return { wrong: `no JSON: ${error.message}` }; }
  }
  return { value: text };
}

/** An integer as a number where that is exact; else as something that JSON writes digit by digit. */
function exact(text) {
  const value = Number(text);
  const { rawJSON } = /** @type {any} */ (JSON);
  return Number.isSafeInteger(value) || !rawJSON ? value : rawJSON(text.replace(/^\+/, ""));
}

/** The same request for a terminal or a program. */
export function asCommands(origin, job, body) {
  const json = JSON.stringify(body);
  const quoted = json.replaceAll("'", "'\\''");
  const options = [
    ...(body.parameters ? [`--payload '${JSON.stringify(body.parameters).replaceAll("'", "'\\''")}'`] : []),
    ...(body.runAt ? [`--run-at ${body.runAt}`] : []), ...(body.delaySeconds ? [`--delay ${body.delaySeconds}`] : []),
    ...(body.key ? [`--idempotency-key '${body.key.replaceAll("'", "'\\''")}'`] : []), ...(body.overlap ? ["--allow-overlap"] : []),
  ].join(" ");
  return {
    curl: `curl -X POST ${origin}api/jobs/${job.id}/trigger \\\n  -H "Authorization: Bearer $ROTA_TOKEN" \\\n  -H 'Content-Type: application/json' \\\n  -d '${quoted}'`,
    CLI: `rota jobs trigger ${job.name}${options ? ` ${options}` : ""}`,
    Python: `from rota.client.client import Client\n\nclient = Client("${origin.replace(/\/$/, "")}", token)\nclient.post("jobs", "${job.id}", "trigger", body=${python(body)})`,
  };
}

const python = (value) => JSON.stringify(value).replace(/\btrue\b/g, "True").replace(/\bfalse\b/g, "False").replace(/\bnull\b/g, "None");
