// One trigger as a program or a terminal would ask for it. Pure.
import { write } from "./exact.js";

/** A word for a shell. */
export const shell = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);

/** JSON as Python writes it. */
export function python(value) {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${python(one)}`).join(", ")}}`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/**
 * {curl, CLI, Python}: each starts the job as `body` would.
 * @param {string} origin the address of Rota, with a slash at its end
 * @param {{id: string, name: string}} job
 * @param {any} body
 */
export function asCommands(origin, job, body) {
  const address = origin.replace(/\/$/, "");
  const options = [
    ...(body.parameters ? [`--payload ${shell(write(body.parameters))}`] : []), ...(body.runAt ? [`--run-at ${shell(body.runAt)}`] : []),
    ...(body.delaySeconds ? [`--delay ${shell(String(body.delaySeconds))}`] : []), ...(body.key ? [`--idempotency-key ${shell(body.key)}`] : []), ...(body.overlap === "allow" ? ["--allow-overlap"] : []),
  ];
  return {
    curl: [`curl -X POST ${shell(`${address}/api/jobs/${job.id}/trigger`)}`, `  -H "Authorization: Bearer $ROTA_TOKEN"`, "  -H 'Content-Type: application/json'", `  -d ${shell(write(body))}`].join(" \\\n"),
    CLI: [`rota jobs trigger ${shell(job.name)} --url ${shell(address)}`, ...options].join(" \\\n  "),
    Python: `import os\nfrom rota.client.client import Client\n\nwith Client(${JSON.stringify(address)}, os.environ["ROTA_TOKEN"]) as client:\n    made = client.post("jobs", ${JSON.stringify(job.id)}, "trigger", body=${python(body)})`,
  };
}
