// A trigger as curl, as a command and as a program: whatever stands in it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { asCommands, python, shell } from "../../src/rota/console/lib/trigger_commands.js";

const JOB = { id: "01a0", name: "reports.daily" };

test("words for a shell are quoted where they must be", () => {
  assert.equal(shell("reports.daily"), "reports.daily");
  for (const text of ["it's", "$HOME `x` \"y\" \\", "a\nb", "ä;rm -rf", ""]) {
    assert.equal(execFileSync("sh", ["-c", `printf %s ${shell(text)}`], { encoding: "utf8" }), text);
  }
});

test("Python writes True, False and None, but not within texts", () => {
  assert.equal(python({ a: true, b: [null, false], c: "true null", d: 9007199254740993n, e: 1.5 }), '{"a": True, "b": [None, False], "c": "true null", "d": 9007199254740993, "e": 1.5}');
});

test("all that the form holds is in each of them", () => {
  const body = { parameters: { region: "it's", id: 9007199254740993n }, runAt: "2026-11-28T10:00:00Z", key: "k 1", overlap: "allow" };
  const { curl, CLI, Python } = asCommands("http://127.0.0.1:8400/rota/", JOB, body);
  assert.match(curl, /curl -X POST http:\/\/127\.0\.0\.1:8400\/rota\/api\/jobs\/01a0\/trigger /);
  assert.ok(curl.includes("9007199254740993") && !curl.includes('"9007199254740993"'));
  assert.match(CLI, /^rota jobs trigger reports\.daily --url http:\/\/127\.0\.0\.1:8400\/rota /);
  for (const option of ["--payload ", "--run-at 2026-11-28T10:00:00Z", "--idempotency-key 'k 1'", "--allow-overlap"]) assert.ok(CLI.includes(option), option);
  assert.ok(Python.includes('"overlap": "allow"') && Python.includes('client.post("jobs", "01a0", "trigger"'));
  assert.ok(asCommands("http://x/", JOB, { delaySeconds: "10m" }).CLI.includes("--delay 10m"));
});

test("nothing special is a short command", () => {
  assert.equal(asCommands("http://x/", JOB, {}).CLI, "rota jobs trigger reports.daily --url http://x");
});
