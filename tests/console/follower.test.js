import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { test } from "node:test";
import { Follower } from "../../src/rota/console/lib/follower.js";

/** A server that answers its first requests with these texts and then holds the last one open. */
async function serving(texts) {
  const asked = [];
  const server = createServer((request, answer) => {
    asked.push(request.headers["last-event-id"]);
    const text = texts[asked.length - 1];
    if (text === undefined) { answer.writeHead(401).end(); return; }
    answer.writeHead(200, { "Content-Type": "text/event-stream" });
    answer.end(text);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}/`, asked, close: () => server.close() };
}

/** Follow until the server refuses; everything that was told. */
async function followed(texts) {
  const { url, asked, close } = await serving(texts);
  const told = [];
  await new Promise((resolve) => {
    new Follower(url, (message) => { told.push(message); if (message.state === "signedOut") resolve(undefined); }).start();
  });
  close();
  return { asked, told };
}

test("a stream that breaks before its first event is resumed where it began", async () => {
  const { asked, told } = await followed([": newest 41\nid: 41\n\n", ": newest 44\nid: 41\n\nid: 42\nevent: a.b\ndata: {\"x\":1}\n\n"]);
  assert.deepEqual(asked, [undefined, "41", "42"]);
  assert.deepEqual(told.filter(({ type }) => type === "opened").map(({ newest }) => newest), [41, 44]);
  assert.deepEqual(told.filter(({ type }) => type === "event"), [{ type: "event", id: "42", kind: "a.b", data: { x: 1 } }]);
  const states = told.filter(({ type }) => type === "state").map(({ state }) => state);
  assert.deepEqual(states, ["live", "lost", "live", "lost", "signedOut"]);
  assert.equal(told.find(({ state }) => state === "live").away, null);
});

test("comments and other streams tell nothing", async () => {
  const { told } = await followed([": rota\n\n: still here\n\ndata: {\"text\":\"a\"}\n\n"]);
  assert.deepEqual(told.filter(({ type }) => type !== "state"), [{ type: "event", id: undefined, kind: undefined, data: { text: "a" } }]);
});
