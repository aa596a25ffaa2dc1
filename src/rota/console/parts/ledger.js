// The ledger of a schedule: every instant, what was decided about it and why; and whether none is left undecided.
import { count, number } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { filter, href } from "../lib/router.js";
import { useView } from "../lib/view.js";
import { Choice } from "./fields.js";
import { useFurther } from "./further.js";
import { Icon } from "./icons.js";
import { Awaited, Card, Empty, Figure } from "./layout.js";
import { State, toneOf, wordOf } from "./state.js";
import { Table } from "./table.js";
import { Time } from "./time.js";

const DECISIONS = ["fired", "missed", "expired", "coalesced", "skippedOverlap", "skippedCalendar", "skippedCondition", "skippedPaused", "skippedException", "suppressedDst"];
const DAYS = [["1", "the last 24 hours"], ["7", "the last 7 days"], ["30", "the last 30 days"]];

const columns = (zone) => [
  { key: "at", title: "Instant", cell: (row) => html`<${Time} at=${row.nominalAt} zone=${zone} full=${true} />` },
  { key: "decision", title: "Decision", cell: (row) => html`<${State} value=${row.decision} />` },
  { key: "why", title: "Reason", fill: true, cell: (row) => html`<span class="cut" title=${row.reason ?? ""}>${row.reason ?? html`<span class="faint">–</span>`}</span>` },
  { key: "decided", title: "Decided", wide: true, cell: (row) => html`<${Time} at=${row.decidedAt} zone=${zone} />` },
  { key: "run", title: "Run", right: true, cell: (row) => (row.executionId ? html`<a href=${href(`/executions/${row.executionId}`)}>Show</a>` : html`<span class="faint">–</span>`) },
];

/** @param {{schedule: any, decision?: string}} props */
export const Ledger = ({ schedule, decision = "" }) => {
  const path = `/api/schedules/${schedule.id}/occurrences`;
  const view = useView(path, { decision, limit: 50 }, { on: /^(occurrence|execution|schedule)\./, about: (event) => !event.data.jobId || event.data.jobId === schedule.jobId, every: 30000 });
  const further = useFurther(path, { decision, limit: 50 }, ({ nominalAt }) => nominalAt);
  return html`<div class="filters"><label class="row"><span class="faint">Decision</span><${Choice} value=${decision} options=${[["", "any"], ...DECISIONS.map((one) => [one, wordOf(one)])]} onValue=${(it) => filter({ decision: it || null })} /></label></div>
    <${Awaited} view=${view}>${(data) => {
      const rows = further.rows(data);
      return html`<${Card} flush=${true}>${rows.length === 0 ? html`<${Empty} title=${decision ? "No instant was decided like that" : "No instant was decided yet"} icon="scheduled" />`
        : html`<${Table} label="Ledger" columns=${columns(schedule.timeZone)} rows=${rows} keyOf=${(row) => row.nominalAt} to=${(row) => (row.executionId ? `/executions/${row.executionId}` : null)} />`}
        ${further.button(data)}</${Card}>`;
    }}</${Awaited}>`;
};

const Verdict = ({ account }) => {
  const open = account.named - account.decided;
  const tone = account.complete ? "good" : "bad";
  return html`<div class="verdict tone-${tone}"><${Icon} name=${account.complete ? "succeeded" : "warning"} /><div><b>${account.complete ? "Every instant is decided." : `${count(open, "instant")} not decided.`}</b>
    <p>The rule, computed anew, names ${count(account.named, "instant")}; the ledger holds a decision on ${number(account.decided)} of them.${account.cut ? " There were more than can be looked at in one go: shorten the time." : ""}</p></div></div>`;
};

/** Whether every instant was decided. @param {{schedule: any, days?: string}} props */
export const Account = ({ schedule, days = "7" }) => {
  const [since] = useState(() => Date.now());
  const from = new Date(since - Number(days) * 86400000).toISOString();
  const view = useView(`/api/schedules/${schedule.id}/account`, { from }, { every: 60000 });
  return html`<div class="filters"><label class="row"><span class="faint">Of</span><${Choice} value=${days} options=${DAYS} onValue=${(it) => filter({ days: it === "7" ? null : it })} /></label></div>
    <${Awaited} view=${view}>${(account) => html`<${Card} title="Is every instant decided?"><div class="stack">
      <${Verdict} account=${account} />
      <p class="faint small">From <${Time} at=${account.from} zone=${schedule.timeZone} full=${true} /> to <${Time} at=${account.to} zone=${schedule.timeZone} full=${true} />; what an older revision named is not asked again.</p>
      <div class="figures">${Object.entries(account.byDecision).map(([word, many]) => html`<${Figure} key=${word} value=${number(many)} word=${wordOf(word)} tone=${toneOf(word) === "off" ? "" : toneOf(word)} to=${href(`/schedules/${schedule.id}`, { tab: "ledger", decision: word })} />`)}
        ${account.unnamed > 0 && html`<${Figure} value=${number(account.unnamed)} word="decided, though today's rule does not name them" />`}</div>
      ${account.undecided.length > 0 && html`<h3>Not decided</h3><ul class="changes">${account.undecided.map((one) => html`<li key=${one.nominalAt}><${Time} at=${one.nominalAt} zone=${schedule.timeZone} full=${true} /><span class="faint">${one.says}</span></li>`)}</ul>`}
    </div></${Card}>`}</${Awaited}>`;
};
