// What every screen is laid out with.
import { html, useEffect } from "../lib/html.js";
import { go, href, route } from "../lib/router.js";
import { Icon } from "./icons.js";

/** The head of a screen: its name, what belongs beside it, and the actions. */
export const Head = ({ title, beside = null, children = null }) => {
  useEffect(() => { document.title = `${title} · Rota`; }, [title]);
  return html`<header class="head"><h1 tabindex="-1">${title}</h1>${beside}<div class="actions">${children}</div></header>`;
};

/** A titled part of a screen. */
export const Card = ({ title = "", beside = null, children, wide = false, flush = false }) => html`
  <section class="card ${wide ? "wide" : ""} ${flush ? "flush" : ""}" aria-label=${title || undefined}>
    ${title && html`<header><h2>${title}</h2>${beside}</header>`}${children}
  </section>`;

/** A figure with its word. */
export const Figure = ({ value, word, tone = "", to = null, title = undefined }) => {
  const inside = html`<b class=${tone && `ink-${tone}`}>${value}</b><span>${word}</span>`;
  return to ? html`<a class="figure" href=${to} title=${title}>${inside}</a>` : html`<div class="figure" title=${title}>${inside}</div>`;
};

/** Tabs that are places: `tab` of the query. @param {{tabs: [string, string][], chosen: string}} props */
export const Tabs = ({ tabs, chosen }) => {
  const { path, query } = route.value;
  const to = (key) => href(`/${path.map(encodeURIComponent).join("/")}`, { ...query, tab: key === tabs[0][0] ? null : key });
  return html`<nav class="tabs" aria-label="Views">
    ${tabs.map(([key, name]) => html`<a key=${key} href=${to(key)} aria-current=${key === chosen ? "page" : undefined}>${name}</a>`)}
  </nav>`;
};

/** A fact list: [[word, value], …]; what is null is left out. */
export const Facts = ({ facts }) => html`<dl class="facts">
  ${facts.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([word, value]) => html`<div key=${word}><dt>${word}</dt><dd>${value}</dd></div>`)}
</dl>`;

/** @param {any} props */
export const Button = ({ icon = null, tone = "", children, title = undefined, ...rest }) => html`
  <button type="button" class="button ${tone}" title=${title} ...${rest}>${icon && html`<${Icon} name=${icon} />`}${children && html`<span>${children}</span>`}</button>`;

/** What is said while a view has nothing to show: still asking, refused, or not there. */
export const Awaited = ({ view, children }) => {
  if (view.data) return html`${view.problem && html`<${Refusal} problem=${view.problem} again=${view.again} />`}${children(view.data)}`;
  if (view.problem) return html`<${Refusal} problem=${view.problem} again=${view.again} />`;
  return html`<p class="loading" role="status">Loading…</p>`;
};

/** A refusal, in the words of the server, with a way to go on. */
export const Refusal = ({ problem, again = null }) => html`<div class="refusal" role="alert">
  <${Icon} name="warning" /><div>
    <strong>${problem.status === 404 ? "Not found" : problem.status === 403 ? "Not allowed" : problem.title || "That did not work"}</strong>
    <p>${problem.message}</p>
    ${problem.errors?.length > 0 && html`<ul>${problem.errors.map(({ loc, msg }) => html`<li key=${loc.join(".")}><code>${loc.join(".")}</code> ${msg}</li>`)}</ul>`}
  </div>${again && html`<${Button} onClick=${again}>Try again</${Button}>`}
</div>`;

/** Nothing here yet: what would be here, and how to get it. */
export const Empty = ({ title, children, icon = "info" }) => html`<div class="empty"><${Icon} name=${icon} /><h3>${title}</h3>${children}</div>`;

/** The pill above a list that stands still: what came meanwhile. */
export const Pill = ({ many, word = "new", onClick }) => Boolean(many) && html`<button type="button" class="pill" onClick=${onClick}>${many} ${word}</button>`;

/** A page that is a list ends with the way to the next one. */
export const More = ({ cursor, onMore, busy = false }) => cursor && html`<p class="more"><${Button} onClick=${() => onMore(cursor)} disabled=${busy}>${busy ? "Loading…" : "Show more"}</${Button}></p>`;

export const back = () => (history.length > 1 ? history.back() : go("/"));
