// Workers come by an invitation, and go by being drained.
import { base, post } from "../lib/api.js";
import { count } from "../lib/format.js";
import { html } from "../lib/html.js";
import { confirm } from "./dialog.js";
import { Field, ask, words } from "./form_dialog.js";
import { showToken } from "./token.js";
import { say } from "./toast.js";

const TIMES = { "1h": "an hour", "8h": "8 hours", "1d": "a day", "7d": "a week" };
/** Where a worker finds this coordinator: the address at which the browser found it. */
export const coordinator = base.replace(/\/$/, "");

const fields = (values, set, problem) => html`
  <p class="faint">The token can be used once, by one worker, which exchanges it for a key of its own.</p>
  <${Field} ...${{ values, set, problem }} name="name" label="Name (optional)" maxlength="100" autofocus says="What the audit will call the worker's key." />
  <${Field} ...${{ values, set, problem }} name="queues" label="Queues" placeholder="every queue" says="Names with commas between them: it may take work from these and no others." />
  <${Field} ...${{ values, set, problem }} name="expiresIn" label="Can be used for"><select value=${values.expiresIn} onChange=${(event) => set("expiresIn", event.target.value)}>
    ${Object.entries(TIMES).map(([value, word]) => html`<option key=${value} value=${value}>${word}</option>`)}</select></${Field}>`;

/** Make an invitation, and show its token once. */
export async function invite() {
  const made = await ask({
    title: "Invite a worker", verb: "Make the token", values: { name: "", queues: "", expiresIn: "1h" }, fields,
    act: ({ name, queues, expiresIn }) => post("/api/workers/enrolments", { name: name.trim() || null, queues: words(queues), expiresIn }),
  });
  if (!made) return;
  await showToken({ title: "The invitation", token: made.token, says: "On the machine of the worker", command: `rota worker --coordinator ${coordinator} --token ${made.token}` });
}

/** Let a worker finish what it has and take nothing new. */
export async function drain(worker, again) {
  const says = html`<p>It finishes what it has (${count(worker.running, "execution")}) and takes nothing new. This cannot be taken back: to go on, the worker starts again.</p>`;
  if (!(await confirm({ title: `Drain ${worker.name}?`, says, verb: "Drain", reason: "", act: () => post(`/api/workers/${worker.id}/drain`) }))) return;
  say(`${worker.name} takes nothing new`);
  again();
}
