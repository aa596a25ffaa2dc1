// A filter that is typed: the address follows when the typing rests.
import { html, useEffect, useState } from "../lib/html.js";
import { filter } from "../lib/router.js";

const RESTS_MS = 250;

/** @param {{value: string, label: string, name?: string, placeholder?: string, title?: string, look?: string}} props name = of the filter in the address */
export const Search = ({ value, label, name = "q", placeholder = label, title = undefined, look = "" }) => {
  const [text, setText] = useState(value);
  useEffect(() => { setText(value); }, [value]);
  useEffect(() => {
    if (text.trim() === value) return undefined;
    const timer = setTimeout(() => filter({ [name]: text.trim() || null }), RESTS_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<input type="search" class=${look} aria-label=${label} placeholder=${placeholder} title=${title} value=${text} onInput=${(event) => setText(event.target.value)} />`;
};
