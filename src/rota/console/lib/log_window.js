// The part of a log that is in the page: a window over all of its lines that moves and never grows beyond a measure. Pure.
import { spans } from "./ansi.js";

/** So many lines are in the page at most. */
export const MOST_LINES = 2000;

/**
 * `above` = cursor of what stands above (null = nothing), `below` = whether lines below are not in the window, `heard` =
 * the last line that was heard of, `unseen` = how many came below the window or while somebody read farther up.
 * @typedef {{token: number, line: number, text: string, cursor: string, attempt?: number|null, at?: string, stream?: string}} Line
 * @typedef {{lines: Line[], above: string|null, below: boolean, heard: Line|null, unseen: number}} Window
 */

export const keyOf = (line) => `${line.token}.${line.line}`;

const isAfter = (a, b) => a.token > b.token || (a.token === b.token && a.line > b.line);
const later = (a, b) => (!a || (b && isAfter(b, a)) ? b : a);

/** The cursor behind a line, which a link names as TOKEN.LINE. */
export const cursorAt = (token, line) => btoa(`${token}.${line}`).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");

/** "17.204" as its token and line; null = it is none. */
export function placeOf(text) {
  const [, token, line] = /^(\d+)\.(\d+)$/.exec(text ?? "") ?? [];
  return token === undefined ? null : { token: Number(token), line: Number(line) };
}

/** @returns {Window} */
export const opened = (items, above, below = false, heard = null) =>
  ({ lines: items, above, below: below || Boolean(heard && items.length && isAfter(heard, items.at(-1))), heard: later(heard, items.at(-1) ?? null), unseen: 0 });

/** The first of the lines are dropped when there are too many: they are above again. */
function ofEnd(window) {
  const { lines } = window;
  if (lines.length <= MOST_LINES) return window;
  const kept = lines.slice(-MOST_LINES);
  return { ...window, lines: kept, above: kept[0].cursor };
}

function ofBegin(window) {
  return window.lines.length <= MOST_LINES ? window : { ...window, lines: window.lines.slice(0, MOST_LINES), below: true };
}

/** Lines that were written just now. `sticking` = the reader looks at the end. @param {Window} window @param {Line[]} found */
export function written(window, found, sticking) {
  const last = window.lines.at(-1);
  const fresh = found.filter((line) => !last || isAfter(line, last));
  const heard = later(window.heard, fresh.at(-1) ?? null);
  const unseen = sticking ? 0 : window.unseen + fresh.filter((line) => !window.heard || isAfter(line, window.heard)).length;
  if (window.below) return { ...window, heard, unseen };
  const grown = { ...window, lines: [...window.lines, ...fresh], heard, unseen };
  return sticking ? ofEnd(grown) : ofBegin(grown);
}

/** The page above. @param {Window} window */
export const upward = (window, items, above) => {
  const first = window.lines[0];
  return ofBegin({ ...window, lines: [...items.filter((line) => !first || isAfter(first, line)), ...window.lines], above });
};

/** The page below; `more` = that it does not reach the end. What was heard of meanwhile is not lost. @param {Window} window */
export function downward(window, items, more) {
  const last = window.lines.at(-1);
  const lines = [...window.lines, ...items.filter((line) => !last || isAfter(line, last))];
  const end = lines.at(-1) ?? null;
  const below = more || Boolean(window.heard && end && isAfter(window.heard, end));
  return ofEnd({ ...window, lines, below, heard: later(window.heard, end), unseen: below ? window.unseen : 0 });
}

const PLAIN = Object.freeze({});

/**
 * Each line with its spans. A colour that a line leaves open goes on in the next one of its attempt and stream. `known`
 * keeps what was painted before. @param {Line[]} lines @param {WeakMap<Line, any>} known
 */
export function painted(lines, known) {
  const styles = new Map();
  return lines.map((line) => {
    const key = `${line.token} ${line.stream}`;
    const style = styles.get(key) ?? PLAIN;
    let one = known.get(line);
    if (!one || one.before !== style) {
      const { spans: parts, style: after } = spans(line.text, style);
      one = { line, before: style, spans: parts, after: Object.values(after).some((value) => value !== undefined && value !== false) ? after : PLAIN };
      known.set(line, one);
    }
    styles.set(key, one.after);
    return one;
  });
}
