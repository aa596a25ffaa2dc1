// The pages of a list behind its first one, which goes on living: they stand still once they are there.
import { get } from "../lib/api.js";
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { More } from "./layout.js";
import { complain } from "./toast.js";

const NOTHING = Object.freeze({ items: [], cursor: undefined });

/**
 * `rows(first)` = the rows of the first page as it is now, then the others; what new rows have pushed off the first page
 * stays where it was. `button(first)` = the way to the next page. `forget()` = only the first page again.
 * @param {string} path @param {Record<string, unknown>} [query] @param {(row: any) => string|number} [keyOf]
 */
export function useFurther(path, query = {}, keyOf = (row) => row.id) {
  const [further, setFurther] = useState(NOTHING);
  const [busy, setBusy] = useState(false);
  const asked = JSON.stringify([path, query]);
  const current = useRef(asked);
  current.current = asked;
  useEffect(() => { setFurther(NOTHING); }, [asked]);
  const load = async (first, cursor) => {
    setBusy(true);
    try {
      const page = await get(path, { ...query, cursor });
      if (current.current === asked) setFurther((old) => ({ items: [...(old === NOTHING ? first.items : old.items), ...page.items], cursor: page.nextCursor }));
    } catch (problem) { complain(problem); }
    setBusy(false);
  };
  return {
    rows: (first) => {
      const known = new Set(first.items.map(keyOf));
      return [...first.items, ...further.items.filter((row) => !known.has(keyOf(row)))];
    },
    button: (first) => html`<${More} cursor=${further.cursor === undefined ? first.nextCursor : further.cursor} onMore=${(cursor) => load(first, cursor)} busy=${busy} />`,
    forget: () => setFurther(NOTHING),
  };
}
