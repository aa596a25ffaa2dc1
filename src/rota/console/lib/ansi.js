// Lines of a terminal as spans with classes: colours are kept, everything else that a terminal obeys is dropped. Pure.

/** Colours and other controls of a terminal; strings that it is told (titles, links); what else is no letter. */
const ESCAPE = /(?:\x1b\[|\x9b)([0-9;:<=>?]*)[ -/]*([@-~])|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;
const CUBE = [0, 95, 135, 175, 215, 255];
/** The sixteen colours, as a terminal has them: which of them is nearest to one of the others. */
const BASE = [
  [0, 0, 0], [205, 49, 49], [13, 188, 121], [180, 160, 16], [36, 114, 200], [188, 63, 188], [17, 168, 205], [200, 200, 200],
  [102, 102, 102], [255, 85, 85], [85, 255, 85], [255, 255, 85], [92, 92, 255], [255, 85, 255], [85, 255, 255], [255, 255, 255],
];

function nearest(rgb) {
  const away = BASE.map((base) => base.reduce((sum, part, i) => sum + (part - rgb[i]) ** 2, 0));
  return away.indexOf(Math.min(...away));
}

/** One of the 256 colours as one of the sixteen. */
function ofPalette(index) {
  if (!(index >= 0 && index < 256)) return undefined;
  if (index < 16) return index;
  if (index >= 232) return nearest(Array(3).fill(8 + (index - 232) * 10));
  return nearest([36, 6, 1].map((size) => CUBE[Math.floor((index - 16) / size) % 6]));
}

const SWITCHES = {
  1: { bold: true }, 2: { dim: true }, 3: { italic: true }, 4: { underline: true }, 7: { inverse: true }, 9: { strike: true },
  21: { underline: true }, 22: { bold: false, dim: false }, 23: { italic: false }, 24: { underline: false },
  27: { inverse: false }, 29: { strike: false }, 39: { colour: undefined }, 49: { ground: undefined },
};

/** The style after one sequence of codes such as 1;38;5;208. */
function apply(style, text) {
  const codes = (text || "0").split(";").map((one) => one.split(":").map(Number));
  for (let i = 0; i < codes.length; i += 1) {
    const [code, ...parts] = codes[i];
    const name = code === 38 ? "colour" : "ground";
    if (code === 0) style = {};
    else if (code === 4 && parts[0] === 0) style = { ...style, underline: false };
    else if (SWITCHES[code]) style = { ...style, ...SWITCHES[code] };
    else if (code >= 30 && code <= 37) style = { ...style, colour: code - 30 };
    else if (code >= 90 && code <= 97) style = { ...style, colour: code - 82 };
    else if (code >= 40 && code <= 47) style = { ...style, ground: code - 40 };
    else if (code >= 100 && code <= 107) style = { ...style, ground: code - 92 };
    else if (code === 38 || code === 48) {
      const next = parts.length ? parts : codes.slice(i + 1, i + 5).map(([first]) => first);
      const long = next[0] === 2;
      if (long) style = { ...style, [name]: nearest(parts.length > 4 ? next.slice(2, 5) : next.slice(1, 4)) };
      else if (next[0] === 5) style = { ...style, [name]: ofPalette(next[1]) };
      if (!parts.length) i += long ? 4 : 2;
    }
  }
  return style;
}

const classOf = ({ colour, ground, bold, dim, italic, underline, inverse, strike }) => [
  colour !== undefined && `ansi-${colour}`, ground !== undefined && `ansi-on-${ground}`, bold && "ansi-bold", dim && "ansi-dim",
  italic && "ansi-italic", inverse && "ansi-inverse", (underline || strike) && `ansi-${underline ? "under" : ""}${strike ? "through" : ""}line`,
].filter(Boolean).join(" ");

/** A line without its ends. By hand: a pattern for them takes the square of a line of nothing but carriage returns. */
function trimmed(text) {
  let end = text.length;
  while (end > 0 && (text[end - 1] === "\r" || text[end - 1] === "\n")) end -= 1;
  return text.slice(0, end);
}

/** What a terminal shows of a line after its carriage returns: the last progress, not all of them. */
export const settled = (text) => {
  const whole = trimmed(text);
  return whole.slice(whole.lastIndexOf("\r") + 1);
};

const styleAfter = (text, style) => {
  for (const match of text.matchAll(ESCAPE)) if (match[2] === "m" && !/[<=>?]/.test(match[1])) style = apply(style, match[1]);
  return style;
};

/**
 * A line as [{text, class}], with the style that goes on in the next one.
 * @param {string} line @param {any} [style]
 * @returns {{spans: {text: string, class: string}[], style: any}}
 */
export function spans(line, style = {}) {
  const text = settled(line);
  const hidden = trimmed(line).length - text.length;
  if (hidden) style = styleAfter(line.slice(0, hidden), style);  // a colour that was begun before goes on
  const found = [];
  let from = 0;
  const push = (part) => {
    if (!part) return;
    const name = classOf(style);
    if (found.length && found.at(-1).class === name) found.at(-1).text += part;
    else found.push({ text: part, class: name });
  };
  for (const match of text.matchAll(ESCAPE)) {
    push(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m" && !/[<=>?]/.test(match[1])) style = apply(style, match[1]);
  }
  push(text.slice(from));
  return { spans: found, style };
}

/** The text alone, as it is copied. */
export const plain = (line) => settled(line).replace(ESCAPE, "");

/** The spans cut at every place where `word` stands, which then have `hit`. @param {{text: string, class: string}[]} parts @param {string} word */
export function marked(parts, word) {
  const wanted = word.toLowerCase();
  const whole = parts.map(({ text }) => text).join("").toLowerCase();
  const cuts = [];
  for (let at = wanted ? whole.indexOf(wanted) : -1; at >= 0; at = whole.indexOf(wanted, at + wanted.length)) cuts.push([at, at + wanted.length]);
  if (!cuts.length) return parts;
  const found = [];
  let begin = 0;
  for (const { text, class: name } of parts) {
    const end = begin + text.length;
    let from = begin;
    for (const [first, last] of cuts) {
      if (last <= from || first >= end) continue;
      if (first > from) found.push({ text: text.slice(from - begin, first - begin), class: name });
      found.push({ text: text.slice(Math.max(first, from) - begin, Math.min(last, end) - begin), class: name, hit: true });
      from = Math.min(last, end);
    }
    if (from < end) found.push({ text: text.slice(from - begin), class: name });
    begin = end;
  }
  return found;
}
