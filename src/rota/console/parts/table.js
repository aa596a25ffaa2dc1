// Lists as tables: a row is a link, arrows move along the rows, Enter opens, Space chooses.
import { html } from "../lib/html.js";
import { go } from "../lib/router.js";

function step(event) {
  const row = event.target.closest("tr");
  if (!row || event.target.closest("input, button, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  const next = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
  if (next) { next.focus(); event.preventDefault(); }
  if (event.key === " " && row.querySelector("input[type=checkbox]")) { row.querySelector("input[type=checkbox]").click(); event.preventDefault(); }
}

/**
 * columns: [{key, title, cell(row), right?, wide? (only on a wide screen), roomy? (not on a phone)}].
 * `to(row)` = the path that a row opens (null = none); `chosen` = a Set of keys with `onChoose(set)` where rows can be chosen.
 * @param {{columns: any[], rows: any[], label: string, keyOf?: (row: any) => string, to?: ((row: any) => string|null)|null, chosen?: Set<string>|null, onChoose?: (set: Set<string>) => void}} props
 */
export const Table = ({ columns, rows, label, keyOf = (row) => row.id, to = null, chosen = null, onChoose = () => {} }) => {
  const open = (event, row) => {
    if (!to?.(row) || event.target.closest("a, button, input, label, select") || getSelection()?.toString()) return;
    if (event.ctrlKey || event.metaKey) window.open(`#${to(row)}`);
    else go(...split(to(row)));
  };
  const toggle = (key) => {
    const next = new Set(chosen);
    next[next.has(key) ? "delete" : "add"](key);
    onChoose(next);
  };
  const all = chosen && rows.length > 0 && rows.every((row) => chosen.has(keyOf(row)));
  return html`<div class="scroller"><table aria-label=${label}>
    <thead><tr>
      ${chosen && html`<th class="choose"><input type="checkbox" aria-label="Choose all" checked=${all} onChange=${() => onChoose(new Set(all ? [] : rows.map(keyOf)))} /></th>`}
      ${columns.map((one) => html`<th key=${one.key} scope="col" class=${classes(one)}>${one.title}</th>`)}
    </tr></thead>
    <tbody onKeyDown=${step}>
      ${rows.map((row) => html`<tr key=${keyOf(row)} tabindex=${to ? 0 : undefined} class=${to?.(row) ? "opens" : ""}
        onClick=${(event) => open(event, row)} onKeyDown=${(event) => { if (event.key === "Enter" && event.target === event.currentTarget && to?.(row)) go(...split(to(row))); }}>
        ${chosen && html`<td class="choose"><input type="checkbox" aria-label="Choose" checked=${chosen.has(keyOf(row))} onChange=${() => toggle(keyOf(row))} /></td>`}
        ${columns.map((one) => html`<td key=${one.key} class=${classes(one)}>${one.cell(row)}</td>`)}
      </tr>`)}
    </tbody>
  </table></div>`;
};

const classes = (column) => [column.right && "right", column.wide && "only-wide", column.roomy && "not-narrow", column.fill && "fill"].filter(Boolean).join(" ") || undefined;

function split(target) {
  const [path, query = ""] = target.split("?");
  return [path, Object.fromEntries(new URLSearchParams(query))];
}
