// Lines of a terminal as spans with classes: colours are kept, everything else that a terminal obeys is dropped. Pure.

const ESCAPE = /\x1b\[([0-9;:?]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;
const CUBE = [0, 95, 135, 175, 215, 255];
const BASE = [[0, 0, 0], [205, 49, 49], [13, 188, 121], [229, 229, 16], [36, 114, 200], [188, 63, 188], [17, 168, 205], [229, 229, 229]];

/** The nearest of the eight colours to one of the 256. */
function nearest(index) {
  if (index < 16) return index % 8;
  const rgb = index >= 232 ? Array(3).fill(8 + (index - 232) * 10)
    : [CUBE[Math.floor((index - 16) / 36)], CUBE[Math.floor((index - 16) / 6) % 6], CUBE[(index - 16) % 6]];
  const away = BASE.map((base) => base.reduce((sum, part, i) => sum + (part - rgb[i]) ** 2, 0));
  return away.indexOf(Math.min(...away));
}

/** @param {Style} style @param {number[]} codes @returns {Style} */
function apply(style, codes) {
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i];
    if (code === 0) style = {};
    else if (code === 1) style = { ...style, bold: true };
    else if (code === 2) style = { ...style, dim: true };
    else if (code === 3) style = { ...style, italic: true };
    else if (code === 4) style = { ...style, underline: true };
    else if (code === 22) style = { ...style, bold: false, dim: false };
    else if (code === 23) style = { ...style, italic: false };
    else if (code === 24) style = { ...style, underline: false };
    else if (code >= 30 && code <= 37) style = { ...style, colour: code - 30 };
    else if (code >= 90 && code <= 97) style = { ...style, colour: code - 90 };
    else if (code === 39) style = { ...style, colour: undefined };
    else if (code === 38 || code === 48) {
      if (codes[i + 1] === 5) { if (code === 38) style = { ...style, colour: nearest(codes[i + 2] ?? 0) }; i += 2; }
      else if (codes[i + 1] === 2) i += 4;
    }
  }
  return style;
}

/** @param {Style} style */
const classOf = ({ colour, bold, dim, italic, underline }) => [
  colour !== undefined && `ansi-${colour}`, bold && "ansi-bold", dim && "ansi-dim", italic && "ansi-italic", underline && "ansi-underline",
].filter(Boolean).join(" ");

/** What a terminal shows of a line after its carriage returns: the last progress, not all of them. */
export const settled = (text) => {
  const parts = text.replace(/\r+$/, "").split("\r");
  return parts[parts.length - 1];
};

/** @typedef {{colour?: number, bold?: boolean, dim?: boolean, italic?: boolean, underline?: boolean}} Style */

/**
 * A line as [{text, class}], with the style that goes on in the next one.
 * @param {string} line @param {Style} [style]
 */
export function spans(line, style = {}) {
  const text = settled(line);
  const found = [];
  let from = 0;
  const push = (part) => { if (part) found.push({ text: part, class: classOf(style) }); };
  for (const match of text.matchAll(ESCAPE)) {
    push(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") style = apply(style, (match[1] || "0").split(/[;:]/).map(Number));
  }
  push(text.slice(from));
  return { spans: found, style };
}

/** The text alone, as it is copied. */
export const plain = (line) => settled(line).replace(ESCAPE, "");
