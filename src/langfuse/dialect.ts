import { LEGACY_OBSERVATIONS_PATH, OBSERVATIONS_PATH } from "./otlp-attributes.ts";
import { type Get, hasList, notLangfuse, readFailed } from "./read-pages.ts";

/**
 * How a Langfuse is read. `v4`: `v2/observations` and `v3/scores` over its events table, every stored row shown. `v3`: the
 * older routes over its observations table, where rows of one id are merged.
 */
export type LangfuseDialect = "v4" | "v3";

export type DialectProbe = {
  /** Asks once and remembers; callers at the same time share the question. Throws `mirror_failed`. */
  readonly current: () => Promise<LangfuseDialect>;
  /** The next caller asks again. */
  readonly forget: () => void;
};

/** Langfuse says so on its older routes when their tables are no longer written. */
const EVENTS_ONLY = "events_only";

/** No trace has this id, so that the question costs Langfuse nothing. */
const NO_TRACE = "0".repeat(32);

/**
 * Tells the dialects apart by what the server answers, not by its version: a Langfuse 3 may already offer the newer
 * routes over an empty table, and a Langfuse 4 may still write the older ones (docs/decisions/0007-dialect-probe.md).
 */
export function createDialectProbe(get: Get, now: () => number): DialectProbe {
  let known: Promise<LangfuseDialect> | undefined;

  return {
    current() {
      if (known !== undefined) return known;
      const asked = ask(get, now);
      known = asked;
      asked.catch(() => {
        if (known === asked) known = undefined;
      });
      return asked;
    },
    forget() {
      known = undefined;
    },
  };
}

async function ask(get: Get, now: () => number): Promise<LangfuseDialect> {
  const query = { traceId: NO_TRACE, limit: "1", fromStartTime: new Date(now()).toISOString() };
  const older = await get(LEGACY_OBSERVATIONS_PATH, query);
  if (!("kind" in older)) {
    if (hasList(older.body)) return "v3";
    throw notLangfuse(LEGACY_OBSERVATIONS_PATH);
  }
  if (older.kind !== "refused" || (older.status !== 404 && older.status !== 410)) throw readFailed(older);
  if (older.message.includes(EVENTS_ONLY)) return "v4";
  // The older routes are gone without that explanation, as they may be one day: then the newer ones have to be there.
  const newer = await get(OBSERVATIONS_PATH, { ...query, fields: "core" });
  if ("kind" in newer) throw readFailed(newer);
  if (!hasList(newer.body)) throw notLangfuse(OBSERVATIONS_PATH);
  return "v4";
}
