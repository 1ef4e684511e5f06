import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import { newId } from "../../src/domain/ids.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import type { SuggestionRecord } from "../../src/domain/suggestion.ts";
import { assemble } from "../../src/server/assemble.ts";
import { databaseDestination } from "../../src/server/assemble-recorder.ts";
import { createErasureServices } from "../../src/server/erasure-services.ts";
import { lockDirectory } from "../../src/store/directory-lock.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { rowOf } from "../../src/track/rows.ts";
import { createSpool } from "../../src/track/spool/spool.ts";
import { sampleRecord } from "../mirror/rows.ts";
import { openTestPostgres } from "../support/databases.ts";

const PERSON = "Wilma Planted";
const CUSTOMER = { kind: "customer", id: "C-1" } as const;
/** Looks once at everything and waits for nothing. */
const HURRIED = { by: "the test", waitMs: 1, signal: AbortSignal.abort() };

async function openRig() {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  const spoolDir = mkdtempSync(join(tmpdir(), "uptake-erasure-"));
  onTestFinished(() => rmSync(spoolDir, { recursive: true, force: true }));
  const config = readConfig({ code: { databaseUrl: opened.url, spoolDir }, environment: {} });
  const parts = assemble(config, { log: silentLogger, worker: false });
  onTestFinished(() => parts.close());
  const destination = databaseDestination(config);
  const ticketId = newId();
  await db.query("insert into tickets (id, title, customer_id) values ($1, $2, 'C-1')", [ticketId, PERSON]);

  const owner = createSpool({ dir: spoolDir, destination, lock: (path) => lockDirectory(path), log: silentLogger });
  onTestFinished(() => owner.close());
  /** What a process that lives has spooled and not handed over yet. */
  function spool(...records: readonly SuggestionRecord[]): void {
    for (const record of records) if (owner.append(rowOf(record)) === undefined) throw new Error("the spool refused");
  }
  const handOver = (): void => {
    owner.close();
    for (const name of readdirSync(spoolDir)) rmSync(join(spoolDir, name));
  };
  return { db, spoolDir, destination, ticketId, spool, handOver, services: createErasureServices(config, () => parts) };
}

const record = (index: number, values: Partial<SuggestionRecord>): SuggestionRecord => ({
  ...sampleRecord(index),
  ticketId: "T-other",
  systemUserId: null,
  suggestedResponse: `Dear ${PERSON}`,
  metadataJson: "{}",
  ...values,
});

describe("an erasure and the spool", () => {
  it("is pending for as long as a process has records of it there, and empties them as they arrive", async () => {
    const { db, spool, handOver, services, ticketId } = await openRig();
    const records = [
      record(0, { ticketId }),
      record(1, { systemUserId: CUSTOMER.id }),
      record(2, { metadataJson: `{"customer_id":"C-1"}` }),
      record(3, { metadataJson: `{"customerId":"C-1"}` }),
    ];
    spool(...records, record(4, {}), record(5, { ticketId, projectId: "other" }));
    expect(await services.preview(CUSTOMER)).toMatchObject({ spooledCount: 4 });
    const spooled = { state: "pending", note: expect.stringMatching(/^4 records wait for the process/u) as unknown };
    const first = await services.erase(CUSTOMER, HURRIED);
    expect(first.places.spool).toEqual(spooled);
    // The ticket is deleted by now, and its records are still known for its own.
    const second = await services.erase(CUSTOMER, HURRIED);
    expect(second).toMatchObject({ id: first.id, state: "pending", places: { spool: spooled } });

    await insertSuggestions(db, records.map(rowOf));
    handOver();
    const done = { state: "done", places: { spool: { state: "done" }, langfuse: { state: "done" } } };
    expect(await services.erase(CUSTOMER, HURRIED)).toMatchObject({ id: first.id, ...done });
    const rows = await db.query("select suggested_response as text, ticket_id as ticket from ai_suggestions");
    expect(rows).toEqual(Array.from({ length: 4 }, () => ({ text: "", ticket: null })));
  });

  it("names the files that cannot be read and tell of it, and is pending until they are gone", async () => {
    const { spoolDir, destination, services, ticketId } = await openRig();
    const [ours, other] = [ticketId, "T-other"].map((id, n) => {
      const file = join(spoolDir, `${destination}-1-${"0".repeat(31)}${n}.1.spool.7.damaged`);
      writeFileSync(file, `half a record of ${id}`);
      return file;
    });
    const { places, state } = await services.erase(CUSTOMER, HURRIED);
    expect([state, places.spool.state]).toEqual(["pending", "pending"]);
    expect(places.spool.note).toContain(ours);
    expect(places.spool.note).not.toContain(other);
    // Its ticket is deleted by now, so nobody knows any more what to look for in them.
    const { note } = (await services.erase(CUSTOMER, HURRIED)).places.spool;
    for (const file of [ours, other]) expect(note).toContain(file);
    for (const name of readdirSync(spoolDir)) rmSync(join(spoolDir, name));
    expect(await services.erase(CUSTOMER, HURRIED)).toMatchObject({ state: "done" });
  });

  it("finds a suggestion that is only there", async () => {
    const { db, spool, handOver, services } = await openRig();
    const [only, other] = [record(0, {}), record(1, {})];
    spool(only, other);
    const subject = { kind: "suggestion", id: only.id } as const;
    expect(await services.preview(subject)).toMatchObject({ spooledCount: 1 });
    expect((await services.erase(subject, HURRIED)).places.spool.state).toBe("pending");
    await insertSuggestions(db, [only, other].map(rowOf));
    handOver();
    expect(await services.erase(subject, HURRIED)).toMatchObject({ state: "done" });
    const kept = await db.query("select id from ai_suggestions where suggested_response <> ''");
    expect(kept).toEqual([{ id: other.id }]);
  });
});
