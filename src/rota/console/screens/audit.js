// Audit: who changed what, when, and why.
import { html } from "../lib/html.js";
import { filter } from "../lib/router.js";
import { AuditTrail } from "../parts/audit_trail.js";
import { AuditVerdict, useExamination } from "../parts/audit_verdict.js";
import { Button, Head } from "../parts/layout.js";
import { Search } from "../parts/search.js";

const NOUNS = ["job", "schedule", "execution", "calendar", "queue", "worker", "key", "session", "freeze"];

export default function Audit({ query }) {
  const { noun = "", actor = "", subjectId = "" } = query;
  const nouns = noun && !NOUNS.includes(noun) ? [...NOUNS, noun] : NOUNS;
  const examination = useExamination();
  return html`<${Head} title="Audit"><${Button} icon="audit" disabled=${examination.busy} onClick=${examination.examine}>Verify</${Button}></${Head}>
    <${AuditVerdict} examination=${examination} />
    <div class="filters" role="search">
      <select aria-label="What was changed" value=${noun} onChange=${(event) => filter({ noun: event.target.value || null })}>
        <option value="">Everything</option>${nouns.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select>
      <${Search} name="actor" label="Who, by name" value=${actor} look="audit-actor" />
      <${Search} name="subjectId" label="Id or name of what was changed" value=${subjectId} />
      ${(noun || actor || subjectId) && html`<${Button} icon="close" onClick=${() => filter({ noun: null, actor: null, subjectId: null })}>All</${Button}>`}
    </div>
    <${AuditTrail} query=${{ noun, actor, subjectId }} filters=${true} />`;
}
