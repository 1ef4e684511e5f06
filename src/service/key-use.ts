import type { Queryable } from "../store/database.ts";
import { noteKeyUse } from "../store/queries/note-key-use.ts";

export type KeyUseOptions = {
  readonly db: Queryable;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly everyMs?: number;
};

const EVERY_MS = 60_000;

/**
 * Notes which keys are used, once a minute for each. Nobody waits for it, and a note that cannot be written is made by a later
 * use: a request is worth more than the knowledge that there was one. Told of keys that exist only, so it holds no more than those.
 */
export function createKeyUse({ db, now, everyMs = EVERY_MS }: KeyUseOptions): (publicKey: string) => void {
  const notedAt = new Map<string, number>();
  return (publicKey) => {
    const at = now();
    if (at < (notedAt.get(publicKey) ?? -Infinity) + everyMs) return;
    notedAt.set(publicKey, at);
    noteKeyUse(db, publicKey, everyMs).catch(() => notedAt.delete(publicKey));
  };
}
