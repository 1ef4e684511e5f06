import type { ApiKeyFacts } from "../domain/api-key.ts";

/** Keys for a person, aligned, one a line. */
export function keyLines(keys: readonly ApiKeyFacts[], now: Date): readonly string[] {
  if (keys.length === 0) return ["no keys; make one with: uptake keys create"];
  const rows = keys.map((key) => [
    key.publicKey,
    key.projectId,
    key.scopes.join(","),
    stateOf(key, now),
    usedAt(key),
    key.name,
  ]);
  const all = [["public key", "project", "scopes", "state", "last used", "name"], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function stateOf({ revokedAt, expiresAt }: ApiKeyFacts, now: Date): string {
  if (revokedAt !== null) return `revoked ${minuteOf(revokedAt)}`;
  if (expiresAt === null) return "taken";
  return expiresAt <= now ? `over since ${minuteOf(expiresAt)}` : `taken until ${minuteOf(expiresAt)}`;
}

const usedAt = ({ lastUsedAt }: ApiKeyFacts): string => (lastUsedAt === null ? "never" : minuteOf(lastUsedAt));

const minuteOf = (moment: Date): string => `${moment.toISOString().slice(0, 16).replace("T", " ")} UTC`;
