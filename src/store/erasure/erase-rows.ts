import { setTimeout as sleep } from "node:timers/promises";
import { type ErasureCounts, type ErasureSubject, NOTHING_ERASED } from "../../domain/erasure.ts";
import { newId, traceIdOf } from "../../domain/ids.ts";
import type { Database } from "../database.ts";
import { countSubject } from "../queries/count-subject.ts";
import { eraseSuggestions } from "../queries/erase-suggestions.ts";
import { eraseTickets, ownsTickets } from "../queries/erase-tickets.ts";
import { addErased, noteErasure } from "../queries/erasures.ts";
import { findSubject, type SubjectRows } from "../queries/find-subject.ts";
import { hasOlderWriters } from "../queries/has-older-writers.ts";
import { fenceSuggestions, openErasure } from "../queries/open-erasure.ts";

/** Suggestions and feedback events in one transaction: whoever writes to one of them waits no longer than that. */
const AT_ONCE = 200;
/** How long transactions that were open before may take to end. */
const OLDER_WRITERS_MS = 30_000;
const POLL_MS = 50;

const LEFT_TO_HOST =
  "left to the application: its own tables (tickets, ticket_messages, profiles), and the ids in ai_suggestions and ai_feedback_events that refer to them";
const LEFT = "left: what is counted, reasons and agents' ids included; backups are yours to age";

export type EraseRows = ErasureSubject & {
  readonly projectId: string;
  readonly requestedBy: string;
  readonly signal: AbortSignal;
};

/** What an erasure would erase from the database, and what it leaves. */
export async function previewRows(
  db: Database,
  projectId: string,
  subject: ErasureSubject,
): Promise<{ readonly counts: ErasureCounts; readonly rows: SubjectRows; readonly left: string }> {
  const rows = await findSubject(db, projectId, subject);
  const isOurs = await ownsTickets(db);
  const customerId = subject.kind === "customer" ? subject.id : null;
  const tickets = isOurs
    ? await eraseTickets(db, { projectId, ticketIds: rows.ticketIds, customerId, dryRun: true })
    : {};
  const counts = { ...NOTHING_ERASED, ...(await countSubject(db, rows)), ...tickets };
  return { counts, rows, left: isOurs ? LEFT : LEFT_TO_HOST };
}

/**
 * Erases the subject from the database; resolves to the erasure's id and to the tickets concerned. First a fence, then, once
 * every transaction has ended that could not see it, the rows: so nothing slips in between. The suggestions that are found
 * get the same fence once more, for the feedback on them. Repeatable, also after it was interrupted.
 */
export async function eraseRows(
  db: Database,
  { projectId, requestedBy, signal, ...subject }: EraseRows,
): Promise<{ readonly id: string; readonly ticketIds: readonly string[] }> {
  const before = await findSubject(db, projectId, subject);
  const named = { ...subject, newId: newId(), projectId, requestedBy };
  const { id, xid } = await db.transaction((tx) => openErasure(tx, named, before.ticketIds));
  const isFirstAlone = await olderWritersEnd(db, xid, signal);
  const { suggestions } = withNamed(await findSubject(db, projectId, subject), subject);
  const fencedBy = await db.transaction((tx) => fenceSuggestions(tx, id, suggestions));
  const isAlone = (await olderWritersEnd(db, fencedBy, signal)) && isFirstAlone;

  const rows = await findSubject(db, projectId, subject);
  await eraseInBatches(db, id, withNamed(rows, subject));
  const isOurs = await ownsTickets(db);
  if (isOurs) {
    const customerId = subject.kind === "customer" ? subject.id : null;
    const tickets = { projectId, ticketIds: rows.ticketIds, customerId, dryRun: false };
    // Last, since they are what the rest is found by.
    await db.transaction(async (tx) => {
      await addErased(tx, id, { ...NOTHING_ERASED, ...(await eraseTickets(tx, tickets)) });
    });
  }
  const open = `transactions that began before are still open after ${OLDER_WRITERS_MS / 1000} s and may add rows of it: run it again`;
  const note = isOurs ? LEFT : LEFT_TO_HOST;
  await noteErasure(db, id, "database", isAlone ? { state: "done", note } : { state: "pending", note: open });
  return { id, ticketIds: [...new Set([...before.ticketIds, ...rows.ticketIds])] };
}

async function olderWritersEnd(db: Database, xid: string, signal: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + OLDER_WRITERS_MS;
  while (await hasOlderWriters(db, xid)) {
    if (signal.aborted || Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** A suggestion that is named may be in a spool only: it is known all the same. */
function withNamed(rows: SubjectRows, { kind, id }: ErasureSubject): SubjectRows {
  if (kind !== "suggestion" || rows.suggestions.length > 0) return rows;
  return { ...rows, suggestions: [{ id, traceId: traceIdOf(id) }] };
}

async function eraseInBatches(db: Database, erasureId: string, { suggestions, eventIds }: SubjectRows): Promise<void> {
  for (let at = 0; at < Math.max(suggestions.length, eventIds.length); at += AT_ONCE) {
    const end = at + AT_ONCE;
    await db.transaction(async (tx) => {
      const erased = await eraseSuggestions(tx, erasureId, suggestions.slice(at, end), eventIds.slice(at, end));
      await addErased(tx, erasureId, { ...NOTHING_ERASED, ...erased });
    });
  }
}
