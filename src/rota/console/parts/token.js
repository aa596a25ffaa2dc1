// A secret that is shown this once: with its copy button, and a word of warning.
import { html } from "../lib/html.js";
import { Code } from "./copy.js";
import { over, Dialog } from "./dialog.js";
import { Icon } from "./icons.js";
import { Button } from "./layout.js";

const Shown = ({ title, token, says, command, close }) => html`<${Dialog} title=${title} onClose=${() => close()}>
  <p class="banner tone-warn"><${Icon} name="warning" /><span>This is the only time that the token is shown. Rota keeps no copy of it: put it where it belongs before you close this.</span></p>
  <div class="field" role="group" aria-label="Token">Token<${Code} text=${token} label="Token" /></div>
  ${command && html`<div class="field" role="group" aria-label="Command">${says}<${Code} text=${command} label="Command" /></div>`}
  <footer><${Button} tone="primary" onClick=${() => close()}>I have it</${Button}></footer>
</${Dialog}>`;

/** @param {{title: string, token: string, says?: string, command?: string|null}} shown */
export const showToken = ({ title, token, says = "", command = null }) =>
  over((close) => html`<${Shown} ...${{ title, token, says, command, close }} />`);
