// The roles of keys, in words: what each of them may do.

/** [role, what it is for, its rights], from the least. */
export const ROLES = [
  ["viewer", "Looks at everything, changes nothing.", ["read"]],
  ["operator", "Triggers, cancels, retries, pauses and resumes; never changes what runs.", ["read", "operate"]],
  ["editor", "Makes and changes jobs, schedules, calendars and queues, too.", ["read", "operate", "edit"]],
  ["admin", "May do everything: keys, invitations, the audit.", ["read", "operate", "edit", "work", "audit", "admin"]],
  ["worker", "Takes work from its queues and reports on it; sees nothing else.", ["work"]],
  ["auditor", "Looks at everything and reads who changed what.", ["read", "audit"]],
];

/** In which state a key is at a time (ms): "Active", "Expires soon", "Expired" or "Revoked". */
export function keyState({ revokedAt, expiresAt }, now) {
  if (revokedAt) return "Revoked";
  if (!expiresAt) return "Active";
  const left = Date.parse(expiresAt) - now;
  if (left <= 0) return "Expired";
  return left < 7 * 86400000 ? "Expires soon" : "Active";
}

/** The end of a key's life, so many days from now, as RFC 3339; null = never. */
export const expiryIn = (days, now) => (days ? new Date(now + days * 86400000).toISOString() : null);
