// A list whose rows live where they are: what is new waits above it until somebody asks, so that nothing jumps. Pure.

/**
 * `rows` as they are shown, `cursor` of the next page, `fresh` = how many came that are not shown, `gone` = how many
 * shown ones are no longer like the query.
 * @typedef {{rows: any[], cursor: string|null, fresh: number, gone: number}} Shown
 */

/** @returns {Shown} */
export const shownOf = (page) => ({ rows: page.items, cursor: page.nextCursor, fresh: 0, gone: 0 });

/**
 * The shown rows after the first page was asked again. Ids grow with time: a row that stands among those of the new page
 * without being one of them is no longer like the query.
 * @param {Shown} shown @param {{items: any[], nextCursor: string|null}} page @returns {Shown}
 */
export function lived(shown, page) {
  if (shown.rows.length === 0) return shownOf(page);
  const latest = new Map(page.items.map((row) => [row.id, row]));
  const oldest = page.nextCursor === null ? "" : page.items.at(-1)?.id ?? "";
  const rows = shown.rows.map((row) => latest.get(row.id) ?? (row.id > oldest ? { ...row, gone: true } : row));
  const known = new Set(rows.map(({ id }) => id));
  const last = rows.at(-1).id;
  return { ...shown, rows, fresh: page.items.filter(({ id }) => !known.has(id) && id > last).length, gone: rows.filter(({ gone }) => gone).length };
}

/** What the pill says: "7 new", "50+ new, 2 changed"; "" = nothing waits. */
export function waiting({ fresh, gone }, most) {
  const parts = [];
  if (fresh) parts.push(`${fresh}${fresh >= most ? "+" : ""} new`);
  if (gone) parts.push(`${gone} changed`);
  return parts.join(", ");
}
