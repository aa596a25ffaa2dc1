// What differs between two texts, line by line (the longest common subsequence). Pure.
import { ordered, write } from "./exact.js";

const MOST_CELLS = 4_000_000;

/** [["same" | "out" | "in", line], …] */
export function diffLines(before, after) {
  const a = before.split("\n"), b = after.split("\n");
  if (a.length * b.length > MOST_CELLS) return [...a.map((line) => ["out", line]), ...b.map((line) => ["in", line])];
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const found = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { found.push(["same", a[i]]); i += 1; j += 1; }
    else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) { found.push(["out", a[i]]); i += 1; }
    else { found.push(["in", b[j]]); j += 1; }
  }
  return found;
}

/** Two JSON values, written alike: keys in order, so that only what differs does. */
export const written = (value) => write(ordered(value), 2);
