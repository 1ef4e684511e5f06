import type { MirrorFinding } from "../../src/domain/mirror-report.ts";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { reconcile, type ReconcileDeps } from "../../src/mirror/reconcile.ts";
import type { Database } from "../../src/store/database.ts";
import type { StandInAddress } from "../../src/testing.ts";
import { createLogBook, mirrorTo } from "./set-up.ts";

export type CheckOptions = Partial<Pick<ReconcileDeps, "visibilityDelayMs" | "random">> & {
  readonly fetch?: typeof fetch;
  readonly timeoutMs?: number;
  readonly repair?: boolean;
  readonly signal?: AbortSignal;
};

/** Reconciles everything that was ever delivered. */
export async function check(db: Database, address: StandInAddress, options: CheckOptions = {}) {
  const { fetch = globalThis.fetch, timeoutMs = 5000, repair = false, ...others } = options;
  const { signal = new AbortController().signal, ...tuned } = others;
  const findings: MirrorFinding[] = [];
  const progress: (readonly [number, number | null])[] = [];
  const book = createLogBook();
  const langfuse = createLangfuseClient({ ...address, fetch, timeoutMs });
  const { mirror } = mirrorTo(db, address);
  const report = await reconcile(
    { db, langfuse, mirror, log: book.log, now: Date.now, random: Math.random, visibilityDelayMs: 0, ...tuned },
    {
      range: { from: new Date(0), to: new Date(Date.now() + 60_000) },
      repair,
      onFinding: (finding) => findings.push(finding),
      onProgress: (done, total) => progress.push([done, total]),
      signal,
    },
  );
  return { report, findings, progress, book };
}
