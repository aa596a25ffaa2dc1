// Audit: who changed what, when, and why.
import { html, useEffect, useState } from "../lib/html.js";
import { filter } from "../lib/router.js";
import { AuditTrail } from "../parts/audit_trail.js";
import { Button, Head } from "../parts/layout.js";

const TYPING_MS = 300;
const NOUNS = ["job", "schedule", "execution", "calendar", "queue", "worker", "key", "session", "freeze"];

/** A filter that is typed: the address follows when the typing rests. */
const Typed = ({ name, label, value, wide = false }) => {
  const [text, setText] = useState(value);
  useEffect(() => { setText(value); }, [value]);
  useEffect(() => {
    if (text.trim() === value) return undefined;
    const timer = setTimeout(() => filter({ [name]: text.trim() || null }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<input type="search" class=${wide ? "" : "audit-actor"} aria-label=${label} placeholder=${label} value=${text} onInput=${(event) => setText(event.target.value)} />`;
};

export default function Audit({ query }) {
  const { noun = "", actor = "", subjectId = "" } = query;
  const nouns = noun && !NOUNS.includes(noun) ? [...NOUNS, noun] : NOUNS;
  return html`<${Head} title="Audit" />
    <div class="filters" role="search">
      <select aria-label="What was changed" value=${noun} onChange=${(event) => filter({ noun: event.target.value || null })}>
        <option value="">Everything</option>${nouns.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select>
      <${Typed} name="actor" label="Who, by name" value=${actor} />
      <${Typed} name="subjectId" label="Id or name of what was changed" value=${subjectId} wide=${true} />
      ${(noun || actor || subjectId) && html`<${Button} icon="close" onClick=${() => filter({ noun: null, actor: null, subjectId: null })}>All</${Button}>`}
    </div>
    <${AuditTrail} query=${{ noun, actor, subjectId }} filters=${true} />`;
}
