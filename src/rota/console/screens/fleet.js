// Workers and queues: who runs the work, what waits for them, and the means to hold or limit it.
import { may } from "../lib/api.js";
import { count, duration, number } from "../lib/format.js";
import { html } from "../lib/html.js";
import { useView } from "../lib/view.js";
import { Code } from "../parts/copy.js";
import { Gauge } from "../parts/gauge.js";
import { Icon } from "../parts/icons.js";
import { useShortcut } from "../parts/keys.js";
import { Awaited, Button, Card, Empty, Figure, Head } from "../parts/layout.js";
import { FLEET, editQueue, pauseOrResume, queueName, resetQueue } from "../parts/queue_actions.js";
import { State } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { Time, now } from "../parts/time.js";
import { coordinator, drain, invite } from "../parts/worker_actions.js";

const SILENT_MS = 30000;
const WAITS_LONG_SECONDS = 60;

const Cut = ({ text, strong = false }) => html`<span class="cut" title=${text}>${strong ? html`<b>${text}</b>` : text}</span>`;
const Mark = ({ tone, icon, word, title = undefined }) => html`<span class="state tone-${tone}" title=${title}><${Icon} name=${icon} /><span>${word}</span></span>`;

const COORDINATORS = [
  { key: "state", title: "State", cell: (one) => (now.value - Date.parse(one.heartbeatAt) > SILENT_MS ? html`<${Mark} tone="warn" icon="warning" word="Silent" />` : html`<${State} value="Alive" />`) },
  { key: "name", title: "Coordinator", fill: true, cell: (one) => html`<${Cut} strong text=${one.name} />` },
  { key: "host", title: "Host", wide: true, cell: (one) => html`<span class="cut who" title=${one.hostname}>${one.hostname ?? "–"}</span>` },
  { key: "pid", title: "Process", wide: true, right: true, cell: (one) => one.pid ?? "–" },
  { key: "version", title: "Version", wide: true, cell: (one) => one.version ?? "–" },
  { key: "started", title: "Started", wide: true, right: true, cell: (one) => html`<${Time} at=${one.startedAt} />` },
  { key: "beat", title: "Heartbeat", right: true, cell: (one) => html`<${Time} at=${one.heartbeatAt} />` },
];

const Labels = ({ labels }) => Object.entries(labels).slice(0, 3).map(([name, value]) => html`<span key=${name} class="tag label" title=${`${name}: ${value}`}>${name}: ${value}</span> `);

/** How long a worker may still be silent before its work is given away. */
const Lease = ({ worker }) => {
  const left = (Date.parse(worker.leaseExpiresAt) - now.value) / 1000;
  if (worker.state !== "Alive" && worker.state !== "Draining") return html`<span class="faint">ended</span>`;
  return left > 0 ? html`<span title="until its work would be given to another one">${duration(Math.ceil(left))} left</span>` : html`<span class="ink-bad">run out</span>`;
};

const workerColumns = (again) => [
  { key: "state", title: "State", cell: (one) => html`<${State} value=${one.state} />` },
  { key: "name", title: "Worker", fill: true, cell: (one) => html`<${Cut} strong text=${one.name} /><span class="cut faint small" title=${one.types ? `${one.types.join(", ")}${one.typeCount > one.types.length ? ", …" : ""}` : "any type"}>${one.types ? count(one.typeCount, "job type") : "any job type"}</span>` },
  { key: "slots", title: "Slots busy", cell: (one) => html`<${Gauge} value=${one.running} most=${one.capacity} word="slots busy" />` },
  { key: "queues", title: "Queues", wide: true, cell: (one) => html`<span class="cut who" title=${one.queues?.join(", ")}>${one.queues ? one.queues.join(", ") : html`<span class="faint">every queue</span>`}</span>` },
  { key: "labels", title: "Labels", wide: true, cell: (one) => html`<${Labels} labels=${one.labels} />` },
  { key: "transport", title: "Through", wide: true, cell: (one) => ({ database: "the store", http: "HTTP" })[one.transport] ?? one.transport },
  { key: "version", title: "Version", wide: true, cell: (one) => one.version ?? "–" },
  { key: "beat", title: "Heartbeat", right: true, roomy: true, cell: (one) => html`<${Time} at=${one.heartbeatAt} />` },
  { key: "lease", title: "Lease", wide: true, right: true, cell: (one) => html`<${Lease} worker=${one} />` },
  ...(may("operate") ? [{ key: "act", title: html`<span class="unseen">Actions</span>`, right: true, cell: (one) => one.state === "Alive" && html`<${Button} tone="small" title="Finish what it has, take nothing new" aria-label=${`Drain ${one.name}`} onClick=${() => drain(one, again)}>Drain</${Button}>` }] : []),
];

const Limits = ({ queue }) => {
  const said = [queue.priority ? `priority ${queue.priority > 0 ? "+" : "−"}${Math.abs(queue.priority)}` : null, queue.rateLimit].filter(Boolean);
  return said.length ? html`<span title=${queue.changedBy ? `set by ${queue.changedBy}` : undefined}>${said.join(" · ")}</span>` : html`<span class="faint">none</span>`;
};

const queueColumns = (again) => [
  { key: "state", title: "State", cell: (one) => (one.paused ? html`<${State} value="Paused" />` : html`<${Mark} tone="good" icon="succeeded" word="Open" />`) },
  { key: "name", title: "Queue", fill: true, cell: (one) => html`<${Cut} strong text=${queueName(one.name)} />${one.note && html`<span class="cut faint small" title=${one.note}>${one.note}</span>`}` },
  { key: "pending", title: "Waiting", right: true, cell: (one) => (one.pending ? html`<b>${number(one.pending)}</b>` : html`<span class="faint">0</span>`) },
  { key: "oldest", title: "Oldest", right: true, roomy: true, cell: (one) => (one.pending ? html`<span class=${one.oldestSeconds > WAITS_LONG_SECONDS ? "ink-warn" : ""} title="for how long the oldest could have started">${duration(one.oldestSeconds)}</span>` : html`<span class="faint">–</span>`) },
  { key: "running", title: "Running", wide: true, cell: (one) => html`<${Gauge} value=${one.running} most=${one.maxRunning} word="running" />` },
  { key: "later", title: "Later", wide: true, right: true, cell: (one) => number(one.later) },
  { key: "limits", title: "Priority, rate", wide: true, cell: (one) => html`<${Limits} queue=${one} />` },
  ...(may("operate") ? [{ key: "act", title: html`<span class="unseen">Actions</span>`, right: true, cell: (one) => html`<span class="acts">
    <${Button} icon=${one.paused ? "play" : "paused"} tone="plain" title=${one.paused ? "Resume" : "Pause"} aria-label=${`${one.paused ? "Resume" : "Pause"} ${queueName(one.name)}`} onClick=${() => pauseOrResume(one, again)} />
    ${may("edit") && html`<${Button} icon="edit" tone="plain" title="Priority and limits" aria-label=${`Settings of ${queueName(one.name)}`} onClick=${() => editQueue(one, again)} />`}
    ${may("edit") && html`<span class="only-wide"><${Button} icon="trash" tone="plain" disabled=${!one.changedBy} title="Forget what is set" aria-label=${`Reset ${queueName(one.name)}`} onClick=${() => resetQueue(one, again)} /></span>`}</span>` }] : []),
];

const NoWorker = () => html`<${Empty} title="No worker is alive: nothing can run" icon="fleet">
  <p>On this machine, start one on the same store:</p><${Code} text="rota worker --database rota.db --app yourpackage.jobs" label="Command" />
  <p>On any other, over HTTP, with a token${may("admin") ? html` (<button type="button" class="linklike" onClick=${invite}>invite a worker</button>)` : " that an administrator makes"}:</p>
  <${Code} text=${`rota worker --coordinator ${coordinator} --token …`} label="Command" /></${Empty}>`;

const Figures = ({ data }) => {
  const serving = data.workers.filter(({ state }) => state === "Alive" || state === "Draining");
  const slots = serving.reduce((sum, { capacity }) => sum + capacity, 0);
  const busy = serving.reduce((sum, { running }) => sum + running, 0);
  const fleet = data.queues.find(({ name }) => name === FLEET);
  const held = data.queues.filter(({ paused }) => paused).length;
  return html`<${Card}><div class="figures">
    <${Figure} value=${number(serving.length)} word=${serving.length === 1 ? "worker" : "workers"} tone=${serving.length ? "" : "bad"} />
    <${Figure} value=${`${number(busy)} / ${number(slots)}`} word="slots busy" tone=${slots && busy >= slots ? "warn" : ""} />
    <${Figure} value=${number(fleet?.pending ?? 0)} word="waiting" />
    <${Figure} value=${fleet?.pending ? duration(fleet.oldestSeconds) : "–"} word="oldest" tone=${fleet?.oldestSeconds > WAITS_LONG_SECONDS ? "warn" : ""} />
    <${Figure} value=${number(fleet?.later ?? 0)} word="later" />
    ${held > 0 && html`<${Figure} value=${number(held)} word=${held === 1 ? "queue paused" : "queues paused"} tone="warn" />`}
  </div></${Card}>`;
};

export default function Fleet() {
  const view = useView("/api/views/fleet", {}, { on: /^(worker|queue|execution)\./, every: 5000 });
  useShortcut("i", "Invite a worker", () => may("admin") && invite());
  return html`<${Head} title="Workers & queues">${may("admin") && html`<${Button} icon="plus" tone="primary" title="Invite a worker (i)" onClick=${invite}>Invite a worker</${Button}>`}</${Head}>
    <${Awaited} view=${view}>${(data) => {
      const serving = data.workers.some(({ state }) => state === "Alive" || state === "Draining");
      return html`<${Figures} data=${data} />
        <${Card} title="Workers" flush=${true}>${!serving && html`<${NoWorker} />`}
          ${data.workers.length > 0 && html`<${Table} label="Workers" columns=${workerColumns(view.again)} rows=${data.workers} />`}</${Card}>
        <${Card} title="Queues" flush=${true} beside=${may("edit") && html`<${Button} icon="plus" tone="small" onClick=${() => editQueue(null, view.again)}>Set up a queue</${Button}>`}>
          <${Table} label="Queues" columns=${queueColumns(view.again)} rows=${data.queues} keyOf=${(row) => row.name} /></${Card}>
        <${Card} title="Coordinators" flush=${true}><${Table} label="Coordinators" columns=${COORDINATORS} rows=${data.coordinators} /></${Card}>`;
    }}</${Awaited}>`;
}
