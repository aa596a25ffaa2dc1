// Keys: their state and their end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ROLES, expiryIn, keyState } from "../../src/rota/console/lib/roles.js";

const NOW = Date.parse("2026-11-28T12:00:00Z");
const at = (days) => new Date(NOW + days * 86400000).toISOString();

test("a key is active, expires soon, has expired or is revoked", () => {
  assert.equal(keyState({ revokedAt: null, expiresAt: null }, NOW), "Active");
  assert.equal(keyState({ revokedAt: null, expiresAt: at(8) }, NOW), "Active");
  assert.equal(keyState({ revokedAt: null, expiresAt: at(6) }, NOW), "Expires soon");
  assert.equal(keyState({ revokedAt: null, expiresAt: at(0) }, NOW), "Expired");
  assert.equal(keyState({ revokedAt: at(-1), expiresAt: at(5) }, NOW), "Revoked");
});

test("an expiry is so many days away, or never", () => {
  assert.equal(expiryIn(30, NOW), "2026-12-28T12:00:00.000Z");
  assert.equal(expiryIn(0, NOW), null);
});

test("every role has words and rights", () => {
  assert.deepEqual(ROLES.map(([role]) => role), ["viewer", "operator", "editor", "admin", "worker", "auditor"]);
  for (const [, says, rights] of ROLES) assert.ok(says && rights.length);
});
