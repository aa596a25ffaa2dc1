// The query box: proposals for the word that is being typed, by mouse and by arrows.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib/html.js";
import { suggestions } from "../lib/query.js";
import { Icon } from "./icons.js";

const Proposals = ({ items, at, take }) => html`<ul class="proposals" id="query-proposals" role="listbox" aria-label="What may stand here">
  ${items.map(({ text, says }, index) => html`<li key=${text} id=${`query-proposal-${index}`} role="option" aria-selected=${index === at} onMouseDown=${(event) => { event.preventDefault(); take(index); }}><code>${text}</code><span class="faint cut" title=${says}>${says}</span></li>`)}</ul>`;

/** @param {{value: string, known: Record<string, string[]>, wrong: boolean, ask: (text: string) => void}} props */
export const QueryBox = ({ value, known, wrong, ask }) => {
  const [text, setText] = useState(value);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [caret, setCaret] = useState(value.length);
  const [jump, setJump] = useState(null);
  const box = useRef(null);
  useEffect(() => { setText(value); setOpen(false); }, [value]);
  useLayoutEffect(() => { if (jump !== null) { box.current.setSelectionRange(jump, jump); setJump(null); } }, [jump]);
  const { from, to, items } = suggestions(text, Math.min(caret, text.length), known);
  const shown = open && items.length > 0;
  const show = () => { setCaret(box.current.selectionStart ?? text.length); setOpen(true); setAt(-1); };
  const take = (index) => {
    const chosen = items[index].text;
    const part = chosen.endsWith(":") || chosen.endsWith(",") ? chosen : `${chosen} `;
    const next = text.slice(0, from) + part + text.slice(to).trimStart();
    setText(next);
    setCaret(from + part.length);
    setJump(from + part.length);
    setAt(-1);
    setOpen(part.endsWith(":"));
  };
  const press = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (shown) setAt((at + step + items.length + (at < 0 && step < 0 ? 1 : 0)) % items.length); else show();
    } else if (event.key === "Escape" && shown) {
      event.preventDefault();  // the browser would empty the box
      setOpen(false);
    } else if (event.key === "Enter" && shown && at >= 0) {
      event.preventDefault();
      take(at);
    }
  };
  const submit = (event) => { event.preventDefault(); setOpen(false); ask(text.trim()); };
  return html`<form class="filters query" role="search" onSubmit=${submit}><div class="query-box"><${Icon} name="search" />
    <input ref=${box} type="search" class="mono" autocomplete="off" autocapitalize="off" spellcheck=${false} aria-label="Query" placeholder="status:failed job:etl.* since:24h" value=${text} aria-invalid=${wrong ? "true" : undefined} aria-describedby="query-problems" aria-autocomplete="list" aria-haspopup="listbox" aria-controls=${shown ? "query-proposals" : undefined} aria-activedescendant=${shown && at >= 0 ? `query-proposal-${at}` : undefined}
      onInput=${(event) => { setText(event.target.value); show(); if (!event.target.value) ask(""); }} onKeyDown=${press} onClick=${() => { if (!text) show(); }} onBlur=${() => setOpen(false)} />
    ${shown && html`<${Proposals} items=${items} at=${at} take=${take} />`}</div><button class="button">Find</button></form>`;
};
