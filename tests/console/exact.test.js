// JSON with big integers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { notObject, read, same, write } from "../../src/rota/console/lib/exact.js";

test("integers beyond 2^53 come and go digit by digit", () => {
  const text = '{"id":9007199254740993,"minus":-12345678901234567890,"small":[1,2.5,1e3],"text":"9007199254740993 \\"9007199254740993","float":1234567890123456.5}';
  const value = read(text);
  assert.equal(value.id, 9007199254740993n);
  assert.equal(value.minus, -12345678901234567890n);
  assert.equal(value.text, '9007199254740993 "9007199254740993');
  assert.equal(value.float, 1234567890123456.5);
  assert.equal(write(value), text.replace("1e3", "1000"));
  assert.equal(write({ a: 9007199254740993n }, 2), '{\n  "a": 9007199254740993\n}');
});

test("what is no JSON is refused as ever", () => {
  assert.throws(() => read("{9007199254740993}"), SyntaxError);
  assert.throws(() => read("{"), SyntaxError);
  assert.equal(write(undefined), undefined);
});

test("the order of keys does not count", () => {
  assert.ok(same({ a: 1, b: [{ c: 1n, d: 2 }] }, { b: [{ d: 2, c: 1n }], a: 1 }));
  assert.ok(!same([1, 2], [2, 1]));
  assert.ok(!same({ a: 1 }, { a: "1" }));
});

test("parameters are an object", () => {
  assert.equal(notObject('{"a": 1}'), "");
  for (const text of ["[]", "null", "3"]) assert.equal(notObject(text), "a JSON object is wanted");
  assert.notEqual(notObject("{a}"), "");
});
