import { invalidInput, type UptakeError } from "../domain/errors.ts";
import type { FeedbackType } from "../domain/feedback.ts";
import type { Database, Queryable } from "../store/database.ts";
import { explainMisfits, isMisfit } from "../store/host-ids.ts";
import { findSameFeedback, type RecordedFeedback } from "../store/queries/find-same-feedback.ts";
import { insertFeedback, type FeedbackEventRow } from "../store/queries/insert-feedback.ts";

/** What was recorded. `created` is false when the same event was there already: nothing was written. */
export type FeedbackReceipt = {
  readonly feedbackId: string;
  readonly suggestionId: string;
  readonly type: FeedbackType;
  /** 0–1; undefined where no final text was given or the suggestion has no words. */
  readonly keptRatio: number | undefined;
  readonly created: boolean;
};

/** What became of one of several: its receipt, or why it was refused. */
export type Result<Receipt> =
  | { readonly ok: true; readonly receipt: Receipt }
  | { readonly ok: false; readonly error: UptakeError };
export type FeedbackResult = Result<FeedbackReceipt>;

/** An event to be, where it came from for messages, and whether we chose its suggestion and may have chosen another before. */
export type EventDraft = { readonly row: FeedbackEventRow; readonly place: string; readonly chosenByUs?: boolean };

/** A statement has at most so many rows, and their texts about so many characters, whichever is less. */
const MAX_ROWS = 500;
const MAX_CHARS = 4_000_000;
/** Two batches that hold each other up: Postgres ends one of them, which then goes again. */
const DEADLOCK = "40P01";
const MAX_TRIES = 5;

/**
 * Writes events, all of them in one transaction, those that are there already aside; resolves to one result a draft. A key that
 * stands for another act is refused in its result, and so is another act of the same batch under the same key, and an agent
 * whose id the host's type cannot hold.
 */
export async function writeEvents(
  db: Database,
  projectId: string,
  drafts: readonly EventDraft[],
): Promise<ReadonlyMap<EventDraft, FeedbackResult>> {
  try {
    return await writeFitting(db, projectId, drafts);
  } catch (error) {
    if (!isMisfit(error)) throw error;
    const explain = await explainMisfits(db);
    const refused = new Map<EventDraft, FeedbackResult>();
    for (const draft of drafts) {
      const misfit = explain({ agentId: draft.row.agentId }, draft.place);
      if (misfit !== undefined) refused.set(draft, { ok: false, error: misfit });
    }
    if (refused.size === 0) throw error;
    const others = drafts.filter((draft) => !refused.has(draft));
    return new Map([...refused, ...(await writeFitting(db, projectId, others))]);
  }
}

async function writeFitting(
  db: Database,
  projectId: string,
  drafts: readonly EventDraft[],
): Promise<ReadonlyMap<EventDraft, FeedbackResult>> {
  const first = new Map<string, FeedbackEventRow>();
  for (const { row } of drafts) if (!first.has(row.id)) first.set(row.id, row);
  const created = await insertInOneTransaction(db, [...first.values()]);
  const known = [...first.values()].filter(({ id }) => !created.has(id));
  const standing = known.length === 0 ? [] : await findSameFeedback(db, projectId, known);
  const byId = new Map(standing.map((event) => [event.id, event]));
  const byKey = new Map(standing.map((event) => [event.idempotencyKey, event]));
  const resultOf = (draft: EventDraft): FeedbackResult => {
    const { row } = draft;
    if (created.has(row.id) && first.get(row.id) === row) return { ok: true, receipt: receiptOf(row, true) };
    const same = created.has(row.id) ? first.get(row.id) : (byId.get(row.id) ?? byKey.get(row.idempotencyKey));
    const conflict = same === undefined ? undefined : conflictOf(draft, same);
    if (conflict !== undefined) return { ok: false, error: conflict };
    return { ok: true, receipt: receiptOf(same ?? row, false) };
  };
  return new Map(drafts.map((draft) => [draft, resultOf(draft)]));
}

function receiptOf(event: RecordedFeedback, created: boolean): FeedbackReceipt {
  const { id, suggestionId, type, keptRatio } = event;
  return { feedbackId: id, suggestionId, type, keptRatio: keptRatio ?? undefined, created };
}

/** Resolves to the ids of the events that were not there yet. */
async function insertInOneTransaction(db: Database, rows: readonly FeedbackEventRow[]): Promise<ReadonlySet<string>> {
  // Everybody takes suggestions and keys in this order, so that two batches seldom wait for each other.
  const chunks = chunked([...rows].sort((a, b) => order(a.suggestionId, b.suggestionId) || order(a.id, b.id)));
  const [only] = chunks;
  if (only === undefined) return new Set();
  // One statement is a transaction, and half the price of one that is begun and committed.
  const write = (): Promise<ReadonlySet<string>> =>
    chunks.length === 1 ? insertFeedback(db, only) : db.transaction((tx) => insertChunks(tx, chunks));
  for (let tries = 1; ; tries += 1) {
    try {
      return await write();
    } catch (error) {
      if (tries === MAX_TRIES || !isDeadlock(error)) throw error;
    }
  }
}

async function insertChunks(
  tx: Queryable,
  chunks: readonly (readonly FeedbackEventRow[])[],
): Promise<ReadonlySet<string>> {
  const created = new Set<string>();
  for (const chunk of chunks) for (const id of await insertFeedback(tx, chunk)) created.add(id);
  return created;
}

function chunked(rows: readonly FeedbackEventRow[]): readonly (readonly FeedbackEventRow[])[] {
  const chunks: FeedbackEventRow[][] = [];
  let chars = 0;
  for (const row of rows) {
    const size = (row.finalText?.length ?? 0) + (row.comment?.length ?? 0);
    const chunk = chunks.at(-1);
    if (chunk === undefined || chunk.length === MAX_ROWS || chars + size > MAX_CHARS) {
      chunks.push([row]);
      chars = size;
    } else {
      chunk.push(row);
      chars += size;
    }
  }
  return chunks;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const isDeadlock = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === DEADLOCK;

/** A key that already stands for another act would make this one vanish. An inferred type may differ: thresholds change. */
function conflictOf({ row, place, chosenByUs }: EventDraft, standing: RecordedFeedback): UptakeError | undefined {
  const { suggestionId, source, type } = standing;
  const sameSuggestion = chosenByUs === true || row.suggestionId === suggestionId;
  const sameType = row.source === "inferred" || row.type === type;
  if (sameSuggestion && sameType && row.source === source) return undefined;
  return invalidInput(
    `${place}.idempotencyKey`,
    `${JSON.stringify(row.idempotencyKey)} already stands for the ${source} ${type} of suggestion ${suggestionId}; give every act a key of its own`,
  );
}
