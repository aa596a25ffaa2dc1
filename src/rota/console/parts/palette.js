// Ctrl-K: go anywhere, find a job, do something, by typing.
import { get } from "../lib/api.js";
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { go } from "../lib/router.js";
import { Dialog, over } from "./dialog.js";
import { Icon } from "./icons.js";

/** Commands that screens offer: [{name, icon, act}]. */
export const commands = new Set();

const Palette = ({ places, close }) => {
  const [text, setText] = useState("");
  const [jobs, setJobs] = useState([]);
  const [at, setAt] = useState(0);
  const list = useRef(null);
  useEffect(() => {
    const timer = setTimeout(async () => {
      try { setJobs((await get("/api/views/jobs", { q: text, limit: 8 })).items); } catch { setJobs([]); }
    }, text ? 120 : 0);
    return () => clearTimeout(timer);
  }, [text]);
  const wanted = text.trim().toLowerCase();
  const found = [
    ...jobs.map((job) => ({ name: job.name, icon: "jobs", beside: job.teamName ?? job.queue, act: () => go(`/jobs/${job.id}`) })),
    ...[...commands, ...places].filter(({ name }) => name.toLowerCase().includes(wanted)),
  ];
  const chosen = Math.min(at, found.length - 1);
  const act = (one) => { close(); one?.act(); };
  const key = (event) => {
    const next = { ArrowDown: chosen + 1, ArrowUp: chosen - 1 }[event.key];
    if (next !== undefined) { setAt((next + found.length) % Math.max(found.length, 1)); event.preventDefault(); }
    if (event.key === "Enter") { act(found[chosen]); event.preventDefault(); }
  };
  useEffect(() => { list.current?.children[chosen]?.scrollIntoView({ block: "nearest" }); }, [chosen]);
  return html`<${Dialog} title="Go to" onClose=${() => close()}><div class="palette">
    <input autofocus role="combobox" aria-expanded="true" aria-controls="found" aria-activedescendant=${found.length ? `found-${chosen}` : undefined}
      aria-label="Find a job, a screen or a command" placeholder="A job, a screen, a command" value=${text} onInput=${(event) => { setText(event.target.value); setAt(0); }} onKeyDown=${key} />
    <ul id="found" role="listbox" aria-label="Found" ref=${list}>
      ${found.map((one, index) => html`<li key=${`${one.icon}${one.name}`} id="found-${index}" role="option" aria-selected=${index === chosen} onClick=${() => act(one)}>
        <${Icon} name=${one.icon} /><span>${one.name}</span>${one.beside && html`<small>${one.beside}</small>`}</li>`)}
    </ul>
    ${found.length === 0 && html`<p class="faint">Nothing is called that.</p>`}
  </div></${Dialog}>`;
};

export const palette = (places) => over((close) => html`<${Palette} places=${places} close=${close} />`);
