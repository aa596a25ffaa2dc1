// What differs between two definitions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { diffLines, written } from "../../src/rota/console/lib/diff.js";

const told = (before, after) => diffLines(before, after).map(([kind, line]) => `${{ same: " ", in: "+", out: "-" }[kind]}${line}`).join("\n");

test("lines that are the same stay, the others go and come", () => {
  assert.equal(told("a\nb\nc", "a\nx\nc\nd"), " a\n-b\n+x\n c\n+d");
  assert.equal(told("a", "a"), " a");
  assert.equal(told("", "a"), "-\n+a");
});

test("JSON is written in the order of its keys, so that only what differs does", () => {
  assert.equal(written({ b: 1, a: [{ d: 1, c: 9007199254740993n }] }), written({ a: [{ c: 9007199254740993n, d: 1 }], b: 1 }));
  assert.match(written({ c: 9007199254740993n }), /: 9007199254740993\n/);
  assert.deepEqual(diffLines(written({ retryCount: 3, name: "x" }), written({ name: "x", retryCount: 5 })).filter(([kind]) => kind !== "same"), [["out", '  "retryCount": 3'], ["in", '  "retryCount": 5']]);
});

test("texts too long to compare are told as a whole", () => {
  const long = Array.from({ length: 2100 }, (_, index) => `line ${index}`).join("\n");
  const lines = diffLines(long, `${long}\nmore`);
  assert.equal(lines.filter(([kind]) => kind === "out").length, 2100);
});
