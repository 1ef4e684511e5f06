/** A lock that was not to be had in time, or two that waited for each other. */
const BLOCKED = new Set(["55P03", "40P01"]);

/** Whether somebody else's lock is all that was in the way: the same again may succeed. */
export function isBlocked(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && BLOCKED.has(String(error.code))) || isBlocked(error.cause);
}
