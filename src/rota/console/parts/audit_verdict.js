// Whether the audit still is what was written: examined when somebody asks, every entry and every link between them.
import { get } from "../lib/api.js";
import { count, number } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { Copy } from "./copy.js";
import { Icon } from "./icons.js";
import { Button, Card, Facts, Refusal } from "./layout.js";

/** The state of an examination, and what begins one. */
export function useExamination() {
  const [state, setState] = useState({ busy: false, verdict: null, problem: null });
  const examine = () => {
    setState({ busy: true, verdict: null, problem: null });
    get("/api/audit/verify").then(
      (verdict) => setState({ busy: false, verdict, problem: null }),
      (problem) => setState({ busy: false, verdict: null, problem }),
    );
  };
  return { ...state, examine, close: () => setState({ busy: false, verdict: null, problem: null }) };
}

const Flaws = ({ verdict }) => html`<ul class="audit-flaws">${verdict.problems.map(({ seq, problem, message }) => html`
  <li key=${`${seq} ${problem}`}><b>Entry ${seq}</b>: ${message}</li>`)}</ul>`;

const Verdict = ({ verdict }) => {
  const { valid, head } = verdict;
  return html`<p class="ink-${valid ? "good" : "bad"}"><${Icon} name=${valid ? "succeeded" : "failed"} /> <b>${valid
      ? "Every entry is as it was written." : `${count(verdict.problems.length, "flaw")}: this is not what was written.`}</b></p>
    ${!valid && html`<${Flaws} verdict=${verdict} />`}
    <${Facts} facts=${[
      ["Entries", number(verdict.entries)],
      ["To be linked in a moment", verdict.waiting ? number(verdict.waiting) : null],
      ["From before the chain", verdict.unsealed ? number(verdict.unsealed) : null],
      ["Key", verdict.keyedFrom ? `since entry ${verdict.keyedFrom}` : "none: who can write to the store can forge it"],
      ["Anchors", verdict.anchors ? number(verdict.anchors) : "none: a missing end would not be noticed"],
      ["Head", head && html`<span class="mono">${head.seq}:${head.digest}</span> <${Copy} text=${`${head.seq}:${head.digest}`} title="Copy the head" />`],
    ]} />`;
};

/** What was found, until it is closed. @param {{examination: any}} props */
export const AuditVerdict = ({ examination: { busy, verdict, problem, examine, close } }) => (busy || verdict || problem) && html`
  <${Card} title="Examination" beside=${!busy && html`<${Button} icon="close" tone="plain small" aria-label="Close the examination" onClick=${close} />`}>
    <div role="status" class="stack">${busy ? html`<p class="faint">Examining every entry…</p>` : verdict ? html`<${Verdict} verdict=${verdict} />` : html`<${Refusal} problem=${problem} again=${examine} />`}</div>
  </${Card}>`;
