import type { ErasurePlace } from "../domain/erasure.ts";
import type { Logger } from "../domain/logger.ts";
import { createPeriodic } from "../domain/periodic.ts";
import type { LangfuseClient } from "../langfuse/client.ts";
import type { Database } from "../store/database.ts";
import { type ErasedTraces, noteAsked, noteGone, noteSent, readErasedTraces } from "../store/queries/erased-traces.ts";
import { listPendingErasures, noteErasure } from "../store/queries/erasures.ts";

/** `DELETE /traces` takes so many. */
const TRACES_AT_ONCE = 1000;
/** Langfuse deletes when it has time; asked again after this, should it have forgotten. */
const ASK_AGAIN_MS = 600_000;
/** What Langfuse has accepted is in its tables by then; where it writes its older ones as well, that takes ten minutes. */
const SETTLE_MS = 900_000;

export type EraserDeps = {
  readonly db: Database;
  /** Null where none is set. */
  readonly langfuse: LangfuseClient | null;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly everyMs: number;
  /** How long what was on its way may take to show in Langfuse; a quarter of an hour by default. */
  readonly settleMs?: number | undefined;
};

/** Brings erasures to their end in Langfuse. Any number may be at it; everything it does may be done twice. */
export type Eraser = {
  start(): void;
  stop(): Promise<void>;
  /** One look at one erasure; resolves to how Langfuse stands. */
  look(erasureId: string): Promise<ErasurePlace>;
};

export function createEraser(deps: EraserDeps): Eraser {
  const { db, log, everyMs } = deps;

  async function look(erasureId: string): Promise<ErasurePlace> {
    const erased = await readErasedTraces(db, erasureId);
    const found = await deleteIn(deps, erasureId, erased);
    const standing = found.state === "done" && !erased.isDatabaseErased ? pending(`${found.note}; ${NOT_ALL}`) : found;
    const isLast = await noteErasure(db, erasureId, "langfuse", standing);
    if (isLast) log.info("erasure.done", { erasureId });
    return standing;
  }

  const { start, stop } = createPeriodic(async (signal) => {
    try {
      for (const id of await listPendingErasures(db)) {
        if (signal.aborted) break;
        const { state, note } = await look(id);
        if (state === "pending") log.info("erasure.pending", { erasureId: id, note });
      }
    } catch (error) {
      log.error("erasure.failed", { retryInMs: everyMs, message: String(error) });
    }
    return everyMs;
  });

  return { start, stop, look };
}

const NOT_ALL = "the database is not erased yet: run it again";

const pending = (note: string): ErasurePlace => ({ state: "pending", note });

async function deleteIn(deps: EraserDeps, erasureId: string, erased: ErasedTraces): Promise<ErasurePlace> {
  const { db, langfuse, now, settleMs = SETTLE_MS } = deps;
  const { inHandCount, traceIds, askedAt, lastSentAt } = erased;
  if (traceIds.length === 0) return { state: "done", note: "nothing of it" };
  if (inHandCount > 0) {
    await noteSent(db, erasureId, new Date(now()));
    return pending(`${inHandCount} messages are on their way: deleted once they have arrived`);
  }
  if (langfuse === null) return pending("no Langfuse is set here (LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY)");

  const settledAt = new Date((lastSentAt?.getTime() ?? 0) + settleMs);
  const isSettled = now() >= settledAt.getTime();
  const isStale = askedAt !== null && (now() - askedAt.getTime() >= ASK_AGAIN_MS || (isSettled && askedAt < settledAt));
  if (askedAt === null || isStale) {
    for (let at = 0; at < traceIds.length; at += TRACES_AT_ONCE) {
      const answer = await langfuse.deleteTraces(traceIds.slice(at, at + TRACES_AT_ONCE));
      if (answer.kind !== "accepted") return pending(answer.message);
    }
    await noteAsked(db, erasureId, new Date(now()));
  }
  return shownBy(deps, langfuse, { traceIds, settledAt, isSettled });
}

type Asked = { readonly traceIds: readonly string[]; readonly settledAt: Date; readonly isSettled: boolean };

/** What Langfuse still shows. That it shows nothing is believed once nothing can be on its way any more. */
async function shownBy(
  { db, now }: EraserDeps,
  langfuse: LangfuseClient,
  { traceIds, settledAt, isSettled }: Asked,
): Promise<ErasurePlace> {
  let shownCount = 0;
  try {
    for (const traceId of traceIds) {
      const rows = [...(await langfuse.findObservations(traceId)), ...(await langfuse.findScores(traceId))];
      if (rows.length > 0) shownCount += 1;
      else if (isSettled) await noteGone(db, [traceId]);
    }
  } catch (error) {
    return pending(error instanceof Error ? error.message : String(error));
  }
  if (shownCount > 0) return pending(`asked to delete ${traceIds.length} traces; it still shows ${shownCount}`);
  if (isSettled) return { state: "done", note: `deleted ${traceIds.length} traces; it shows none of them` };
  const minutes = Math.ceil((settledAt.getTime() - now()) / 60_000);
  return pending(
    `it shows none of ${traceIds.length} traces; looked at again in ${minutes} min, since some may be on their way`,
  );
}
