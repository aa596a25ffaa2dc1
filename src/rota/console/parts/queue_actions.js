// What can be done with a queue: hold it, let it go on, set its limits, forget them.
import { post, put, remove } from "../lib/api.js";
import { count } from "../lib/format.js";
import { html } from "../lib/html.js";
import { confirm } from "./dialog.js";
import { Field, ask } from "./form_dialog.js";
import { complain, say } from "./toast.js";

export const FLEET = "*";
export const queueName = (name) => (name === FLEET ? "The whole fleet" : name);
const path = (name) => `/api/queues/${name.split("/").map(encodeURIComponent).join("/")}`;

/** Hold a queue, with a reason, or let it go on; the opposite is one click away. */
export async function pauseOrResume(queue, again) {
  const name = queueName(queue.name);
  const resume = () => post(`${path(queue.name)}/resume`);
  const pause = (note) => post(`${path(queue.name)}/pause`, note ? { note } : {});
  try {
    if (queue.paused) {
      await resume();
      say(`${name} goes on`, { undo: () => pause(queue.note).then(again, complain) });
    } else {
      const says = html`<p>Nothing of it starts until it is resumed: ${count(queue.pending, "execution")} would wait. What runs (${queue.running}) goes on.</p>`;
      if (!(await confirm({ title: `Pause ${name}?`, says, verb: "Pause", act: pause }))) return;
      say(`${name} is paused`, { undo: () => resume().then(again, complain) });
    }
    again();
  } catch (problem) { complain(problem); }
}

const whole = (text) => (String(text).trim() === "" ? null : /^-?\d+$/.test(String(text).trim()) ? Number(text) : String(text));

const fields = (fixed) => (values, set, problem) => {
  const at = { values, set, problem };
  return html`${!fixed && html`<${Field} ...${at} name="name" label="Queue" required maxlength="100" autofocus says="letters, digits and _ . : / -" />`}
    ${values.name !== FLEET && html`<${Field} ...${at} name="priority" label="Priority" inputmode="numeric" autofocus=${fixed} says="From −1000 to 1000, added to that of its executions: the highest starts first." />`}
    <${Field} ...${at} name="maxRunning" label="Most at once" inputmode="numeric" placeholder="no limit" says="In the whole fleet, whatever the workers hold." />
    <${Field} ...${at} name="rateLimit" label="Rate limit" placeholder="no limit" says="Starts in a stretch of time, such as 100/1m or 5/1s." />
    <${Field} ...${at} name="note" label="Note" maxlength="500" says="Shown beside the queue." />`;
};

/** Set what limits a queue; without a queue, ask for its name too. */
export async function editQueue(queue, again) {
  const values = { name: queue?.name ?? "", priority: queue?.priority ?? 0, maxRunning: queue?.maxRunning ?? "", rateLimit: queue?.rateLimit ?? "", note: queue?.note ?? "" };
  const act = ({ name, priority, maxRunning, rateLimit, note }) => put(path(name.trim()), {
    priority: whole(priority) ?? 0, maxRunning: whole(maxRunning), rateLimit: rateLimit.trim() || null, note: note.trim() || null, paused: queue?.paused ?? false,
  });
  const done = await ask({ title: queue ? `Settings of ${queueName(queue.name)}` : "Set up a queue", verb: "Save", values, fields: fields(Boolean(queue)), act });
  if (!done) return;
  say(`${queueName(done.name)} is set`);
  again();
}

/** Forget what is set for a queue. */
export async function resetQueue(queue, again) {
  const says = html`<p>Its priority, limits, pause and note are forgotten. What stands in it stays, and starts as if nothing had been set.</p>`;
  const done = await confirm({ title: `Reset ${queueName(queue.name)}?`, says, verb: "Reset", tone: "danger", reason: "", act: () => remove(path(queue.name)) });
  if (!done) return;
  say(`${queueName(queue.name)} is as it was at first`);
  again();
}
