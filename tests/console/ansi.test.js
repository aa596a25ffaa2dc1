// Lines of a terminal: colours as classes, progress collapsed, everything else dropped.
import assert from "node:assert/strict";
import { test } from "node:test";
import { marked, plain, settled, spans } from "../../src/rota/console/lib/ansi.js";

const told = (line, style) => spans(line, style).spans.map(({ text, class: name }) => (name ? `${name}|${text}` : text));

test("colours and their end", () => {
  assert.deepEqual(told("a \x1b[31mred\x1b[0m b"), ["a ", "ansi-1|red", " b"]);
  assert.deepEqual(told("\x1b[1;92mok\x1b[m."), ["ansi-10 ansi-bold|ok", "."]);
  assert.deepEqual(told("\x1b[97;44mx\x1b[49my\x1b[39mz"), ["ansi-15 ansi-on-4|x", "ansi-15|y", "z"]);
  assert.deepEqual(told("\x1b[4ma\x1b[9mb\x1b[24mc"), ["ansi-underline|a", "ansi-underthroughline|b", "ansi-throughline|c"]);
  assert.deepEqual(told("\x1b[7mx\x1b[27my\x1b[2;3mz\x1b[22;23m."), ["ansi-inverse|x", "y", "ansi-dim ansi-italic|z", "."]);
});

test("256 colours and true colours become the nearest of sixteen", () => {
  assert.deepEqual(told("\x1b[38;5;9ma\x1b[38;5;196mb\x1b[38;5;21mc\x1b[38;5;232md"), ["ansi-9|a", "ansi-1|b", "ansi-12|c", "ansi-0|d"]);
  assert.deepEqual(told("\x1b[48;5;22;97mx"), [`ansi-15 ansi-on-${spans("\x1b[48;5;22mx").spans[0].class.slice(8)}|x`]);
  assert.deepEqual(told("\x1b[38;2;255;255;250mw\x1b[48;2;0;0;0;1mb"), ["ansi-15|w", "ansi-15 ansi-on-0 ansi-bold|b"]);
  assert.deepEqual(told("\x1b[38:2::250:0:0mw"), told("\x1b[38;2;250;0;0mw"));
  assert.deepEqual(told("\x1b[38;5mx"), ["x"], "cut off");
});

test("a style goes on in the next line", () => {
  const first = spans("\x1b[33mbegun");
  assert.deepEqual(told("goes on\x1b[0m ends", first.style), ["ansi-3|goes on", " ends"]);
});

test("titles, links, cursors and other controls are dropped", () => {
  assert.deepEqual(told("\x1b]0;title\x07a\x1b]8;;http://x.example\x1b\\link\x1b]8;;\x1b\\\x1b[2K\x1b[1A\x1b[?25lb\x00\x08\x7fc\x1b(Bd\x1b=e"), ["alinkbcde"]);
  assert.deepEqual(told("\x1bPq#0;2;0\x1b\\x\x9b31my\x9d0;t\x9cz"), ["x", "ansi-1|yz"]);
  assert.deepEqual(told("a\tb <script>"), ["a\tb <script>"]);
  assert.deepEqual(told("\x1b[>4;1mx\x1b["), ["x"]);
});

test("progress shows how it ended, in the colour that was begun", () => {
  assert.equal(settled(" 1 %\r 2 %\r 3 %"), " 3 %");
  assert.equal(settled("done\r\n"), "done");
  assert.deepEqual(told("\x1b[33m 1 %\r 2 %\x1b[0m ok\r"), ["ansi-3| 2 %", " ok"]);
  assert.equal(plain("\x1b[32m 1 %\r\x1b[K100 %\x1b[0m\r"), "100 %");
});

test("what was searched is marked, across colours", () => {
  const parts = spans("an \x1b[31mErr\x1b[0mor, error").spans;
  assert.deepEqual(marked(parts, "ERROR").map(({ text, hit }) => (hit ? `[${text}]` : text)), ["an ", "[Err]", "[or]", ", ", "[error]"]);
  assert.equal(marked(parts, "none"), parts);
  assert.equal(marked(parts, ""), parts);
});

test("a long line of progress is quick", () => {
  const line = Array.from({ length: 20000 }, (_, i) => `\x1b[32m${i} of 20000`).join("\r");
  const begun = performance.now();
  assert.deepEqual(told(line), ["ansi-2|19999 of 20000"]);
  assert.ok(performance.now() - begun < 500);
});
