// The window over a log: it follows the end, moves up and down, never grows beyond its measure, and loses nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST_LINES, cursorAt, downward, keyOf, opened, painted, placeOf, upward, written } from "../../src/rota/console/lib/log_window.js";

const line = (number, token = 1, text = `line ${number}`) => ({ token, line: number, text, stream: "stdout", cursor: cursorAt(token, number) });
const lines = (from, to, token = 1) => Array.from({ length: to - from + 1 }, (_, i) => line(from + i, token));
const ends = ({ lines: all }) => [all[0].line, all.at(-1).line];

test("a cursor is that of the server, and a link names a line", () => {
  assert.equal(cursorAt(1045643, 1554333), "MTA0NTY0My4xNTU0MzMz");
  assert.deepEqual(placeOf("17.204"), { token: 17, line: 204 });
  assert.equal(placeOf("17"), null);
  assert.equal(placeOf(undefined), null);
  assert.equal(keyOf(line(4, 17)), "17.4");
});

test("it follows the end and drops what is far above", () => {
  let window = opened(lines(1, 200), null);
  window = written(window, lines(201, 100 + MOST_LINES), true);
  assert.deepEqual(ends(window), [101, 100 + MOST_LINES]);
  assert.equal(window.above, cursorAt(1, 101));
  assert.equal(window.unseen, 0);
});

test("a line that is heard twice is there once", () => {
  const window = written(opened(lines(1, 3), null), lines(2, 4), true);
  assert.deepEqual(window.lines.map(keyOf), ["1.1", "1.2", "1.3", "1.4"]);
  assert.equal(written(window, lines(4, 4), false).unseen, 0);
});

test("a later attempt comes after the one before", () => {
  const window = written(opened(lines(1, 3), null), [line(1, 9)], true);
  assert.deepEqual(window.lines.map(keyOf), ["1.1", "1.2", "1.3", "9.1"]);
});

test("who reads farther up keeps what is read; the rest is counted", () => {
  let window = opened(lines(1, MOST_LINES), null);
  window = written(window, lines(MOST_LINES + 1, MOST_LINES + 7), false);
  assert.deepEqual(ends(window), [1, MOST_LINES]);
  assert.equal(window.below, true);
  assert.equal(window.unseen, 7);
  window = written(window, lines(MOST_LINES + 8, MOST_LINES + 9), false);
  assert.equal(window.unseen, 9);
  assert.equal(window.lines.length, MOST_LINES, "no gap: it goes on below");
});

test("upward it drops what is below", () => {
  const window = upward(opened(lines(301, 300 + MOST_LINES), cursorAt(1, 301)), lines(1, 300), null);
  assert.deepEqual(ends(window), [1, MOST_LINES]);
  assert.equal(window.above, null);
  assert.equal(window.below, true);
});

test("downward it comes back to the end, and misses nothing that was written meanwhile", () => {
  let window = upward(opened(lines(301, 300 + MOST_LINES), cursorAt(1, 301)), lines(1, 300), null);
  window = written(window, lines(301 + MOST_LINES, 302 + MOST_LINES), false);
  window = downward(window, lines(MOST_LINES + 1, MOST_LINES + 301), false);
  assert.equal(window.below, true, "line 302 was heard of, and is not in the page");
  window = downward(window, lines(MOST_LINES + 302, MOST_LINES + 302), false);
  assert.equal(window.below, false);
  assert.deepEqual(ends(window), [303, MOST_LINES + 302]);
  assert.equal(window.unseen, 0);
});

test("an end that is opened after more was heard knows that it is not the end", () => {
  assert.equal(opened(lines(1, 5), null, false, line(6)).below, true);
  assert.equal(opened(lines(1, 6), null, false, line(6)).below, false);
  assert.equal(opened([], null).below, false);
});

test("a colour goes on in the next line of its stream, and what is painted stays", () => {
  const all = [line(1, 1, "\x1b[31mred"), { ...line(2, 1, "plain"), stream: "stderr" }, line(3, 1, "still\x1b[0m"), line(4), line(1, 2, "new")];
  const known = new WeakMap();
  const first = painted(all, known);
  assert.deepEqual(first.map((one) => one.spans.map(({ class: name }) => name).join()), ["ansi-1", "", "ansi-1", "", ""]);
  const again = painted([line(0), ...all], known).slice(1);
  assert.ok(again.every((one, i) => one === first[i]));
});
