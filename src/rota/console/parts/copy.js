// Code that is meant to be copied.
import { html, useState } from "../lib/html.js";
import { Button } from "./layout.js";

/** Put a text on the clipboard; over plain HTTP browsers give no clipboard, so by a selection. */
export async function copy(text) {
  if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
  const area = Object.assign(document.createElement("textarea"), { value: text });
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export const Copy = ({ text, title = "Copy", tone = "plain" }) => {
  const [done, setDone] = useState(false);
  const act = async () => { await copy(text); setDone(true); setTimeout(() => setDone(false), 1500); };
  return html`<${Button} icon=${done ? "succeeded" : "copy"} tone=${tone} title=${title} aria-label=${done ? "Copied" : title} onClick=${act} />`;
};

/** A block of code with its copy button. */
export const Code = ({ text, label = "Code" }) => html`<div class="code"><pre tabindex="0" aria-label=${label}>${text}</pre><${Copy} text=${text} /></div>`;
