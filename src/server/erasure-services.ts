import { hash } from "node:crypto";
import { userInfo } from "node:os";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ErasureServices, EraseOptions } from "../cli/erasure-services.ts";
import type { Config } from "../config/config.ts";
import type { ErasurePlace, ErasureReceipt, ErasureSubject } from "../domain/erasure.ts";
import type { SuggestionRecord } from "../domain/suggestion.ts";
import type { Eraser } from "../mirror/eraser.ts";
import type { Database } from "../store/database.ts";
import { eraseRows, previewRows } from "../store/erasure/erase-rows.ts";
import { noteErasure, readErasure, readFenced } from "../store/queries/erasures.ts";
import { findSpooled, type Spooled } from "../track/spool/find-spooled.ts";
import type { Parts } from "./assemble.ts";
import { databaseDestination } from "./assemble-recorder.ts";

/** Between two looks at what others have to do: processes that empty their spools, Langfuse that deletes. */
const LOOK_EVERY_MS = 250;
/** A process that lives hands over what it has spooled within seconds, as long as the database is there. */
const SPOOL_PATIENCE_MS = 10_000;

/** What `uptake erase` does, over parts that run no worker. */
export function createErasureServices(config: Config, partsOf: () => Parts): ErasureServices {
  const { projectId } = config;
  const spool = { dir: resolve(config.spoolDir), destination: databaseDestination(config) };
  const spooled = (subject: ErasureSubject, ticketIds: readonly string[], fenced = NONE): Promise<Spooled> => {
    // Tickets that an earlier call has deleted are known by their hashes only: found in what can be read, not in what cannot.
    const known = [subject, ...ticketIds.map((id) => ({ kind: "ticket", id }) as const)];
    const knownHashes = new Set(known.map(({ kind, id }) => sha256Of(kind, projectId, id)));
    const hashes = new Set([...fenced, ...knownHashes]);
    const isTicket = (id: string): boolean => hashes.has(sha256Of("ticket", projectId, id));
    const ids = hashes.size > knownHashes.size ? null : known.map(({ id }) => id);
    return findSpooled(spool, ids, isOf(subject, projectId, isTicket));
  };

  return {
    async preview(subject) {
      const { counts, rows, left } = await previewRows(partsOf().db, projectId, subject);
      const { recordCount: spooledCount } = await spooled(subject, rows.ticketIds);
      return { counts, spooledCount, left };
    },
    async erase(subject, options) {
      const { db, eraser } = partsOf();
      const requestedBy = options.by ?? userInfo().username;
      const { id, ticketIds } = await eraseRows(db, { ...subject, projectId, requestedBy, signal: options.signal });
      const fenced = await readFenced(db, id);
      const place = await spoolEmpties(() => spooled(subject, ticketIds, fenced), options.signal);
      await noteErasure(db, id, "spool", place);
      await langfuseDeletes(eraser, id, options);
      return receiptOf(db, id);
    },
  };
}

async function receiptOf(db: Database, id: string): Promise<ErasureReceipt> {
  const receipt = await readErasure(db, id);
  if (receipt === undefined) throw new Error(`erasure ${id} is not there`);
  return receipt;
}

const NONE: ReadonlySet<string> = new Set();

/** As the database hashes what is erased (`uptake_subject_sha256`). */
const sha256Of = (kind: ErasureSubject["kind"], projectId: string, id: string): string =>
  hash("sha256", `${kind}:${projectId}:${id}`, "hex");

const customerKeys = ["customer_id", "customerId"] as const;

/** As the database has it: by ticket, or by what a record says of its customer. */
function isOf(subject: ErasureSubject, projectId: string, isTicket: (id: string) => boolean) {
  return (record: SuggestionRecord): boolean => {
    if (record.projectId !== projectId) return false;
    if (record.ticketId !== null && isTicket(record.ticketId)) return true;
    if (subject.kind === "suggestion") return record.id === subject.id;
    if (subject.kind !== "customer") return false;
    const metadata = JSON.parse(record.metadataJson) as Readonly<Record<string, unknown>>;
    return record.systemUserId === subject.id || customerKeys.some((key) => metadata[key] === subject.id);
  };
}

/** Its records are emptied as they arrive in the database; here it is waited for until their file is gone. */
async function spoolEmpties(look: () => Promise<Spooled>, signal: AbortSignal): Promise<ErasurePlace> {
  const deadline = Date.now() + SPOOL_PATIENCE_MS;
  for (;;) {
    const { recordCount, damagedFiles } = await look();
    if (damagedFiles.length > 0) {
      return { state: "pending", note: `delete what cannot be read and may name it: ${damagedFiles.join(", ")}` };
    }
    if (recordCount === 0) return { state: "done", note: "nothing of it on this machine" };
    if (signal.aborted || Date.now() > deadline) {
      const wait = "wait for the process that has them: run it again";
      return { state: "pending", note: `${recordCount} records ${wait}` };
    }
    await sleep(LOOK_EVERY_MS);
  }
}

async function langfuseDeletes(
  eraser: Eraser,
  erasureId: string,
  { waitMs, signal }: Pick<EraseOptions, "waitMs" | "signal">,
): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const { state } = await eraser.look(erasureId);
    if (state === "done" || signal.aborted || Date.now() + LOOK_EVERY_MS > deadline) return;
    await sleep(Math.min(4 * LOOK_EVERY_MS, deadline - Date.now()));
  }
}
