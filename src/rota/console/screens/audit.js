// Audit: who changed what, and why.
import { html } from "../lib/html.js";
import { filter } from "../lib/router.js";
import { AuditTrail } from "../parts/audit_trail.js";
import { Head } from "../parts/layout.js";

const NOUNS = ["job", "schedule", "execution", "calendar", "queue", "worker", "key", "session", "freeze"];

export default function Audit({ query }) {
  const { noun, actor, subjectId } = query;
  const set = (name) => (event) => filter({ [name]: event.target.value.trim() || null });
  return html`<${Head} title="Audit" />
    <div class="filters" role="search"><select aria-label="What" value=${noun ?? ""} onChange=${set("noun")}><option value="">Everything</option>${NOUNS.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select>
      <input type="search" aria-label="Who" placeholder="Who" value=${actor ?? ""} onChange=${set("actor")} /><input type="search" aria-label="Id of what was changed" placeholder="Id of what was changed" value=${subjectId ?? ""} onChange=${set("subjectId")} /></div>
    <${AuditTrail} query=${{ noun, actor, subjectId }} />`;
}
