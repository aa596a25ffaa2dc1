// Keys: who may come in, as what, and until when.
import { may, post, remove, session } from "../lib/api.js";
import { html } from "../lib/html.js";
import { ROLES, expiryIn, keyState } from "../lib/roles.js";
import { useView } from "../lib/view.js";
import { confirm } from "../parts/dialog.js";
import { Field, ask, words } from "../parts/form_dialog.js";
import { useFurther } from "../parts/further.js";
import { Icon } from "../parts/icons.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Empty, Head } from "../parts/layout.js";
import { Table } from "../parts/table.js";
import { Time, now } from "../parts/time.js";
import { say } from "../parts/toast.js";
import { showToken } from "../parts/token.js";
import { coordinator } from "../parts/worker_actions.js";

const LIVES = { 30: "30 days", 90: "90 days", 365: "a year", 0: "ever, until it is revoked" };
const STATES = { Active: ["good", "succeeded"], "Expires soon": ["warn", "expired"], Expired: ["off", "expired"], Revoked: ["off", "cancelled"] };

const KeyState = ({ of }) => {
  const word = keyState(of, now.value);
  const [tone, icon] = STATES[word];
  return html`<span class="state tone-${tone}"><${Icon} name=${icon} /><span>${word}</span></span>`;
};

const keyFields = (values, set, problem) => html`
  <${Field} ...${{ values, set, problem }} name="name" label="Name" required maxlength="100" autofocus says="Whose key it is: the audit tells who did what by this name." />
  <fieldset class="roles"><legend>Role</legend>${ROLES.map(([role, says]) => html`<label key=${role} class="role"><input type="radio" name="role" value=${role} checked=${values.role === role} onChange=${() => set("role", role)} /><b>${role}</b><span class="faint">${says}</span></label>`)}</fieldset>
  ${values.role === "worker" && html`<${Field} ...${{ values, set, problem }} name="queues" label="Queues" placeholder="every queue" says="Names with commas between them: it may take work from these and no others." />`}
  <${Field} ...${{ values, set, problem }} name="expiresAt" label="Works for"><select value=${values.days} onChange=${(event) => set("days", event.target.value)}>
    ${Object.entries(LIVES).map(([days, word]) => html`<option key=${days} value=${days}>${word}</option>`)}</select></${Field}>`;

async function make(again) {
  const made = await ask({
    title: "New key", verb: "Make the key", values: { name: "", role: "viewer", queues: "", days: "90", expiresAt: null }, fields: keyFields,
    act: ({ name, role, queues, days }) => post("/api/keys", { name: name.trim(), role, expiresAt: expiryIn(Number(days), Date.now()), queues: role === "worker" ? words(queues) : null }),
  });
  if (!made) return;
  again();
  const command = made.role === "worker" ? `rota worker --coordinator ${coordinator} --token ${made.token}` : `export ROTA_URL=${coordinator}\nexport ROTA_TOKEN=${made.token}\nrota jobs list`;
  await showToken({ title: `The key of ${made.name}`, token: made.token, says: made.role === "worker" ? "On the machine of the worker" : "In a shell", command });
}

async function revoke(key, again) {
  const own = key.name === session.value.name;
  const says = html`<p>Whoever holds it (${key.prefix}…, ${key.role}) is refused within five seconds, and sessions that began with it end. This cannot be taken back.</p>
    ${own && html`<p class="banner tone-warn"><${Icon} name="warning" /><span>This is the key that you are signed in with: you will be signed out.</span></p>`}
    ${key.role === "worker" && html`<p>A worker that uses it loses its work.</p>`}`;
  const done = await confirm({ title: `Revoke the key of ${key.name}?`, says, verb: "Revoke", tone: "danger", reason: "", word: key.name, act: () => remove(`/api/keys/${key.id}`) });
  if (!done) return;
  say(`The key of ${key.name} is revoked`);
  again();
}

const columns = (again) => [
  { key: "state", title: "State", cell: (key) => html`<${KeyState} of=${key} />` },
  { key: "name", title: "Name", fill: true, cell: (key) => html`<span class="cut" title=${key.name}><b>${key.name}</b>${key.name === session.value.name ? html` <span class="faint">(you)</span>` : ""}</span>${key.queues && html`<span class="cut faint small" title=${key.queues.join(", ")}>queues: ${key.queues.join(", ")}</span>`}` },
  { key: "role", title: "Role", cell: (key) => html`<span title=${ROLES.find(([role]) => role === key.role)?.[1]}>${key.role}</span>` },
  { key: "prefix", title: "Begins with", wide: true, cell: (key) => html`<code>${key.prefix}${key.prefix.endsWith("…") ? "" : "…"}</code>` },
  { key: "created", title: "Made", wide: true, cell: (key) => html`<span class="cut who" title=${`by ${key.createdBy}`}><${Time} at=${key.createdAt} /> <span class="faint">by ${key.createdBy}</span></span>` },
  { key: "used", title: "Last used", right: true, wide: true, cell: (key) => html`<${Time} at=${key.lastUsedAt} none="never" />` },
  { key: "expires", title: "Expires", right: true, roomy: true, cell: (key) => html`<${Time} at=${key.revokedAt ? null : key.expiresAt} none=${key.revokedAt ? "–" : "never"} />` },
  { key: "act", title: html`<span class="unseen">Actions</span>`, right: true, cell: (key) => !key.revokedAt && html`<${Button} tone="small" aria-label=${`Revoke the key of ${key.name}`} onClick=${() => revoke(key, again)}>Revoke</${Button}>` },
];

const Roles = () => html`<${Card} title="What the roles may do" flush=${true}><${Table} label="Roles" keyOf=${([role]) => role} rows=${ROLES} columns=${[
  { key: "role", title: "Role", cell: ([role]) => html`<b>${role}</b>` },
  { key: "says", title: "Is for", fill: true, cell: ([, says]) => html`<span class="role-says">${says}</span>` },
  { key: "rights", title: "Rights", wide: true, cell: ([, , rights]) => rights.map((right) => html`<span key=${right} class="tag">${right}</span> `) },
]} /></${Card}>`;

export default function Keys() {
  const view = useView(may("admin") ? "/api/keys" : null, { limit: 50 }, { every: 30000 });
  const further = useFurther("/api/keys", { limit: 50 });
  const again = () => { further.forget(); view.again(); };
  useShortcut("n", "New key", () => may("admin") && make(again));
  if (!may("admin")) return html`<${Head} title="Keys" /><${Card}><${Empty} title="Keys are for administrators" icon="keys"><p>You are signed in as ${session.value.role}.</p></${Empty}></${Card}><${Roles} />`;
  return html`<${Head} title="Keys"><${Button} icon="plus" tone="primary" title="New key (n)" onClick=${() => make(again)}>New key</${Button}></${Head}>
    <${Awaited} view=${view}>${(data) => html`<${Card} flush=${true} title="Keys"><${Table} label="Keys" columns=${columns(again)} rows=${further.rows(data)} />${further.button(data)}</${Card}>`}</${Awaited}><${Roles} />`;
}
