import type { Config } from "../config/config.ts";
import type { KeptVerification } from "../domain/kept-verification.ts";
import type { Logger } from "../domain/logger.ts";
import type { VerifyReport } from "../domain/verify-report.ts";
import type { Database } from "../store/database.ts";
import { keepVerification } from "../store/queries/verifications.ts";
import { readSchemaState } from "../store/schema-state.ts";
import { openAsItIs } from "./open-as-it-is.ts";

const TIMEOUT_MS = 5_000;
/** An error of Langfuse may quote what it was sent. */
const MAX_PROBLEM_CHARS = 500;

/**
 * Keeps in the deployment's database how the check went, for `uptake mirror status` and the dashboard. A database that is not
 * there, or is not ours as this program has it, is left alone: what was asked is about Langfuse. Never rejects.
 */
export async function keepReport(config: Config, report: VerifyReport, log: Logger): Promise<void> {
  let db: Database | undefined;
  try {
    const opened = await openAsItIs(config, TIMEOUT_MS);
    if (!("query" in opened)) {
      if (opened.level !== "ok") log.warn("verify.not_kept", { reason: opened.found });
      return;
    }
    db = opened;
    const { kind } = await readSchemaState(db);
    if (kind === "current") await keepVerification(db, keptOf(report));
    else if (kind !== "empty") log.warn("verify.not_kept", { reason: `the tables are not of this version (${kind})` });
  } catch (error) {
    log.warn("verify.not_kept", { reason: String(error) });
  } finally {
    await db?.close().catch(() => {});
  }
}

function keptOf({ baseUrl, ok, place, messages, problems }: VerifyReport): Omit<KeptVerification, "verifiedAt"> {
  const delays = messages.flatMap(({ items }) => items.map(({ seenAfterMs }) => seenAfterMs));
  const known = delays.filter((delay) => delay !== null);
  const [first] = problems;
  return {
    baseUrl,
    ok,
    version: place?.version ?? null,
    project: place?.project ?? null,
    seenAfterMs: known.length === 0 || known.length < delays.length ? null : Math.max(...known),
    problem: first === undefined ? null : first.slice(0, MAX_PROBLEM_CHARS),
  };
}
