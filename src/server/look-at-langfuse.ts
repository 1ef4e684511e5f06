import type { Config } from "../config/config.ts";
import type { LangfuseStanding } from "../domain/langfuse-standing.ts";
import { createLangfuseClient, type LangfuseClient } from "../langfuse/client.ts";

/** A page waits for it. */
const TIMEOUT_MS = 3_000;
/** However many look at the page, Langfuse is asked so often. */
const KEEP_MS = 5_000;

const UNKNOWN = { version: null, project: null, dialect: null, message: null };

/** Says how it stands with the Langfuse that is set, asking it at most once in five seconds. Never rejects. */
export function createLangfuseLook({ langfuse }: Pick<Config, "langfuse">, now: () => number) {
  if (langfuse === null) {
    return (): Promise<LangfuseStanding> => Promise.resolve({ state: "not_set", target: null, ...UNKNOWN });
  }
  const client = createLangfuseClient({ ...langfuse, fetch: globalThis.fetch, timeoutMs: TIMEOUT_MS });
  let last: { readonly until: number; readonly standing: Promise<LangfuseStanding> } | undefined;
  return (): Promise<LangfuseStanding> => {
    if (last === undefined || now() >= last.until) last = { until: now() + KEEP_MS, standing: standingOf(client) };
    return last.standing;
  };
}

async function standingOf(client: LangfuseClient): Promise<LangfuseStanding> {
  const target = client.baseUrl;
  const health = await client.health();
  if (health.kind !== "ok") {
    return { state: health.kind === "refused" ? "refused" : "away", target, ...UNKNOWN, message: health.message };
  }
  const dialect = await client.dialect().catch(() => null);
  return { state: "reached", target, version: health.version, project: health.project, dialect, message: null };
}
