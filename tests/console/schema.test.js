// Parameter forms: what a schema becomes, and what is typed becomes as JSON.
import assert from "node:assert/strict";
import { test } from "node:test";
import { beyond, fieldsOf, formOf, inputOf, kept, overrides, valueOf, valuesOf } from "../../src/rota/console/lib/schema.js";

const one = (schema, own, required = false) => fieldsOf({ properties: { it: schema }, required: required ? ["it"] : [] }, own === undefined ? {} : { it: own })[0];
const typed = (field, held) => valueOf(field, held).value;

test("every type has its kind", () => {
  const kinds = [
    [{ type: "string" }, "text"], [{ type: "string", maxLength: 5000 }, "long"], [{ type: "string", format: "date" }, "date"], [{ type: "string", format: "date-time" }, "datetime"], [{ type: "string", format: "time" }, "time"],
    [{ type: "integer" }, "integer"], [{ type: "number" }, "number"], [{ type: "boolean" }, "boolean"], [{ enum: ["a", 2] }, "choice"], [{ const: "x" }, "choice"],
    [{ type: "array", items: { type: "string" } }, "list"], [{ type: "array", items: { type: "object", properties: { a: {} } } }, "json"], [{ type: "array" }, "json"],
    [{ type: "object", properties: { a: { type: "string" } } }, "object"], [{ type: "object" }, "json"], [{}, "json"], [true, "json"], [{ oneOf: [{ type: "string" }, { type: "integer" }] }, "json"],
    [{ anyOf: [{ type: "integer" }, { type: "null" }] }, "integer"], [{ type: ["string", "null"] }, "text"], [{ anyOf: [{ const: 1 }, { enum: [2, 3] }] }, "choice"], [{ enum: [{ a: 1 }] }, "json"],
  ];
  for (const [schema, kind] of kinds) assert.equal(one(schema).kind, kind, JSON.stringify(schema));
});

test("references within the document are followed, endless ones are not", () => {
  const schema = { $defs: { Level: { enum: ["low", "high"] }, Node: { type: "object", properties: { next: { $ref: "#/$defs/Node" } } } }, properties: { level: { $ref: "#/$defs/Level" }, kind: { allOf: [{ $ref: "#/$defs/Level" }], default: "low" }, node: { $ref: "#/$defs/Node" }, gone: { $ref: "#/$defs/None" } } };
  const [level, kind, node, gone] = fieldsOf(schema);
  assert.deepEqual([level.kind, level.options, kind.kind, kind.own, gone.kind], ["choice", ["low", "high"], "choice", "low", "json"]);
  assert.equal(node.kind, "object");
  let depth = 0;
  for (let at = node; at.kind === "object"; at = at.fields[0]) depth += 1;
  assert.ok(depth < 6);
});

test("a value that the input cannot show is edited as JSON", () => {
  assert.equal(one({ type: "string", format: "date" }, "{today}").kind, "json");
  assert.equal(one({ type: "integer" }, "12").kind, "json");
  assert.equal(one({ enum: ["a"] }, "b").kind, "json");
  assert.equal(one({ type: "array", items: { type: "integer" } }, [1, null]).kind, "json");
  assert.equal(one({ type: "object", properties: { a: { type: "string" } } }, { a: "x", b: 1 }).kind, "json");
  assert.equal(one({ type: "string", format: "date" }, "2026-02-28").kind, "date");
  assert.deepEqual(beyond([one({ type: "integer" }, 1)], { it: "many" }), ["it"]);
});

test("numbers: whole ones stay exact however large, others are refused in words", () => {
  const field = one({ type: "integer" });
  assert.equal(typed(field, " 42 "), 42);
  assert.equal(typed(field, "9007199254740993"), 9007199254740993n);
  assert.equal(typed(field, "+9007199254740993"), 9007199254740993n);
  assert.equal(typed(field, "-7"), -7);
  assert.deepEqual(valueOf(field, "4.5").wrong, { it: "a whole number is wanted" });
  assert.deepEqual(valueOf(one({ type: "number" }), "x").wrong, { it: "a number is wanted" });
  assert.equal(typed(one({ type: "number" }), "1e3"), 1000);
  assert.equal(inputOf(field, 9007199254740993n), "9007199254740993");
});

test("what is left empty is left out, null or refused", () => {
  assert.equal(typed(one({ type: "integer" }), ""), undefined);
  assert.equal(typed(one({ anyOf: [{ type: "integer" }, { type: "null" }] }, 3), ""), null);
  assert.deepEqual(valueOf(one({ type: "integer" }, undefined, true), "").wrong, { it: "this is required" });
  assert.equal(typed(one({ type: "string" }, "old"), ""), "");
  assert.equal(typed(one({ type: "string" }), ""), undefined);
  assert.equal(typed(one({ type: "boolean" }), ""), undefined);
  assert.equal(typed(one({ type: "boolean" }, undefined, true), ""), false);
  assert.equal(typed(one({ type: "boolean" }, true), false), false);
});

test("lists and nested objects, with what is wrong by path", () => {
  const fields = fieldsOf({ properties: { days: { type: "array", items: { type: "integer" } }, to: { type: "object", required: ["zip"], properties: { zip: { type: "integer" }, city: { type: "string" } } } } }, { to: { zip: 1, city: "Köln" } });
  const form = formOf(fields, { days: [1, 2], to: { zip: 1, city: "Köln" } });
  assert.deepEqual(form, { days: ["1", "2"], to: { zip: "1", city: "Köln" } });
  assert.deepEqual(valuesOf(fields, form), { value: { days: [1, 2], to: { zip: 1, city: "Köln" } }, wrong: {} });
  const { wrong } = valuesOf(fields, { days: ["1", "b"], to: { zip: "", city: "" } });
  assert.deepEqual(wrong, { "days.1": "a whole number is wanted", "to.zip": "this is required" });
});

test("an object that nobody needs and nobody filled in is left out", () => {
  const fields = fieldsOf({ properties: { to: { type: "object", required: ["zip"], properties: { zip: { type: "integer" } } }, list: { type: "array", items: { type: "string" } } } });
  assert.deepEqual(valuesOf(fields, formOf(fields, {})), { value: {}, wrong: {} });
});

test("options keep their type", () => {
  const field = one({ enum: [1, "one", false] });
  assert.deepEqual(["1", "one", "false"].map((text) => typed(field, text)), [1, "one", false]);
});

test("only what differs overrides, and what is left out stays", () => {
  assert.equal(overrides({ a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } }), null);
  assert.deepEqual(overrides({ a: 1, b: 2 }, { a: 1, b: 3, c: null }), { b: 3, c: null });
  assert.deepEqual(kept({ a: 1, b: 2 }, { b: 2 }), ["a"]);
  assert.equal(overrides({ a: 1 }, null), null);
});

test("hints tell the limits", () => {
  assert.equal(one({ type: "integer", description: "how many", minimum: 1, maximum: 9 }).says, "how many · at least 1, at most 9");
});
