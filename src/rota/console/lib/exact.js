// JSON whose big integers stay exact: beyond 2^53 they are read as BigInt and written digit by digit. Pure.

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARK = "\u0001int:";
const isBig = (token) => /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token));

/** As JSON.parse, with a SyntaxError for what is no JSON. */
export function read(text) {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  JSON.parse(text);  // what is wrong with it is told in the words of the text itself
  return JSON.parse(text.replace(TOKEN, (token) => (isBig(token) ? `"\\u0001int:${token}"` : token)), (_name, value) =>
    typeof value === "string" && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value);
}

/** As JSON.stringify. */
export function write(value, indent = undefined) {
  const text = JSON.stringify(value, (_name, one) => (typeof one === "bigint" ? `${MARK}${one}` : one), indent);
  return text?.replace(/"\\u0001int:(-?\d+)"/g, "$1");
}

/** Whether two values are the same JSON, whatever the order of their keys. */
export const same = (a, b) => write(ordered(a)) === write(ordered(b));

/** The value with its keys in order. */
export function ordered(value) {
  if (Array.isArray(value)) return value.map(ordered);
  if (value && typeof value === "object") return Object.fromEntries(Object.keys(value).sort().map((key) => [key, ordered(value[key])]));
  return value;
}

/** What is wrong with a text as a JSON object, or "". */
export function notObject(text) {
  try {
    const found = read(text);
    return typeof found === "object" && found !== null && !Array.isArray(found) ? "" : "a JSON object is wanted";
  } catch (error) { return error.message; }
}
