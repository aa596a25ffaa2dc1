// Shortcuts: one letter, or two one after the other ("g j"). They rest while somebody types or a dialog is open.
import { html, useEffect, useRef } from "../lib/html.js";
import { Dialog, over } from "./dialog.js";

/** @type {Map<string, {says: string, act: () => void, where: string}[]>} */
const shortcuts = new Map();
const CHORD_MS = 1200;
let first = "";
let firstAt = 0;

/** Make a shortcut. The newest of the same keys wins. Returns what takes it away. */
export function shortcut(keys, says, act, where = "Everywhere") {
  const entry = { says, act, where };
  shortcuts.set(keys, [...(shortcuts.get(keys) ?? []), entry]);
  return () => {
    const left = shortcuts.get(keys)?.filter((one) => one !== entry) ?? [];
    if (left.length) shortcuts.set(keys, left);
    else shortcuts.delete(keys);
  };
}

/** A shortcut for as long as a component is shown. */
export function useShortcut(keys, says, act, where = "This screen") {
  const current = useRef(act);
  current.current = act;
  useEffect(() => shortcut(keys, says, () => current.current(), where), [keys, says]);
}

function press(event) {
  const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable]");
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const control = event.ctrlKey || event.metaKey;
  const key = control ? `Ctrl-${event.key.toLowerCase()}` : event.key;
  if (event.altKey || (typing && !control)) return;
  const chord = Date.now() - firstAt < CHORD_MS ? `${first} ${key}` : key;
  const found = shortcuts.get(chord)?.at(-1) ?? shortcuts.get(key)?.at(-1);
  first = key;
  firstAt = found ? 0 : Date.now();
  if (found) { event.preventDefault(); found.act(); }
}

const Help = ({ close }) => {
  const groups = Map.groupBy([...shortcuts].map(([keys, entries]) => ({ keys, ...entries.at(-1) })), ({ where }) => where);
  return html`<${Dialog} title="Keyboard" onClose=${() => close()}><div class="shortcuts">
    ${[...groups].reverse().map(([where, entries]) => html`<section key=${where}><h3>${where}</h3><dl>
      ${entries.map(({ keys, says }) => html`<div key=${keys}><dt>${keys.split(" ").map((key) => html`<kbd>${key}</kbd>`)}</dt><dd>${says}</dd></div>`)}
    </dl></section>`)}
  </div></${Dialog}>`;
};

export const help = () => over((close) => html`<${Help} close=${close} />`);

addEventListener("keydown", press);
shortcut("?", "This help", help);
