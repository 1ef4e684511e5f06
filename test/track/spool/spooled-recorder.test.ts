import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { newId } from "../../../src/domain/ids.ts";
import type { SuggestionRecord } from "../../../src/domain/suggestion.ts";
import { recordOfSize, until } from "../memory-recorder.ts";
import { countOf, filesIn, memoryDatabase, newSpoolDir, openRig, spooledIds } from "./spool-rig.ts";
import type { RigOptions } from "./spool-rig.ts";

const records = (count: number, chars?: number): SuggestionRecord[] =>
  Array.from({ length: count }, () => recordOfSize(newId(), chars));
const idsOf = (given: readonly SuggestionRecord[]): string[] => given.map(({ id }) => id);
const recordAll = (rig: ReturnType<typeof openRig>, given: readonly SuggestionRecord[]) =>
  Promise.all(given.map(async (record) => rig.recorder.record(record)));

/** Records as an owner leaves them that ended while the database was away. */
async function leaveBehind(
  dir: string,
  given: readonly SuggestionRecord[],
  options: Pick<RigOptions, "segmentBytes" | "destination"> = {},
): Promise<void> {
  const database = memoryDatabase();
  database.isAway = true;
  const rig = openRig({ ...options, dir, write: database.write, flushTimeoutMs: 10 });
  await recordAll(rig, given);
  await rig.recorder.close();
}

const theFile = (dir: string): string => join(dir, filesIn(dir, ".spool")[0] ?? "");

describe("background durability", () => {
  it("has the record on disk when the call returns, and nothing once it is committed", async () => {
    const database = memoryDatabase();
    const dir = newSpoolDir();
    const rig = openRig({ dir, write: database.write });
    expect(existsSync(dir)).toBe(false);
    const given = records(20);
    const returned = given.map((record) => rig.recorder.record(record));
    expect(spooledIds(dir)).toEqual(idsOf(given));
    expect(returned).toEqual(given.map(() => undefined)); // nothing to wait for
    await rig.recorder.flush();
    expect(database.ids).toEqual(idsOf(given));
    await until(() => spooledIds(dir).length === 0);
    await rig.recorder.close();
    expect(filesIn(dir)).toEqual([]);
    expect(rig.logged).toEqual([]);
  });

  it("keeps more than memory holds, reads it back, and flush means all of it", async () => {
    const database = memoryDatabase();
    database.isAway = true;
    const dir = newSpoolDir();
    const rig = openRig({ dir, write: database.write, maxWaiting: 50, segmentBytes: 20_000, flushTimeoutMs: 100 });
    const given = records(1_000);
    await recordAll(rig, given);
    await expect(rig.recorder.flush()).rejects.toMatchObject({ facts: { notWrittenCount: 1_000 } });
    expect(filesIn(dir, ".spool").length).toBeGreaterThan(10);
    database.isAway = false;
    await until(async () =>
      rig.recorder.flush().then(
        () => true,
        () => false,
      ),
    );
    expect(database.ids).toEqual(idsOf(given));
    await rig.recorder.close();
    expect(filesIn(dir)).toEqual([]);
    expect(countOf(rig.logged, "track.spooled")).toBe(950);
    expect(rig.logged.some(({ event }) => event === "track.dropped")).toBe(false);
  });

  it("takes a burst larger than memory, and one flush waits for all of it", async () => {
    const database = memoryDatabase();
    const dir = newSpoolDir();
    const rig = openRig({ dir, write: database.write, maxWaiting: 50, flushTimeoutMs: 10_000 });
    const given = records(1_000);
    await recordAll(rig, given);
    await rig.recorder.flush();
    expect(database.ids).toEqual(idsOf(given));
  });

  it("that finds the spool full counts it, reports it once a minute, and still uses the memory", async () => {
    const database = memoryDatabase();
    database.isAway = true;
    const dir = newSpoolDir();
    const rig = openRig({ dir, write: database.write, maxWaiting: 200, maxBytes: 30_000, flushTimeoutMs: 20 });
    const outcomes = records(300).map((record) =>
      Promise.resolve(rig.recorder.record(record)).then(
        () => 1,
        () => 0,
      ),
    );
    const kept = (await Promise.all(outcomes)).filter(Boolean).length;
    const onDisk = spooledIds(dir);
    expect(readFileSync(theFile(dir)).length).toBeLessThanOrEqual(30_000);
    expect(onDisk.length).toBeGreaterThan(20);
    expect(onDisk.length).toBeLessThan(100);
    expect(kept).toBe(200);
    expect(rig.logged.filter(({ event }) => event === "track.spool_failed")).toHaveLength(1);
    await rig.recorder.close();
    const reasons = rig.logged
      .filter(({ event }) => event === "track.spool_failed")
      .map(({ facts }) => facts["reason"]);
    expect(reasons).toEqual(["full: 30000 bytes", "full: 30000 bytes"]);
    expect(countOf(rig.logged, "track.dropped")).toBe(100);
    // Every loss is said: what was on disk is left there, what was in memory alone is lost at close.
    expect(countOf(rig.logged, "track.left_in_spool")).toBe(onDisk.length);
    expect(countOf(rig.logged, "track.lost_at_close")).toBe(200 - onDisk.length);
  });

  it("without a usable directory records into the database all the same, and throws nothing", async () => {
    const database = memoryDatabase();
    const dir = newSpoolDir();
    writeFileSync(dir, "a file where the directory should be");
    const rig = openRig({ dir, write: database.write });
    rig.adopt();
    const given = records(50);
    await recordAll(rig, given);
    await rig.recorder.close();
    expect(database.ids).toEqual(idsOf(given));
    expect(countOf(rig.logged, "track.spool_failed")).toBe(50);
    expect(rig.logged.filter(({ event }) => event === "track.spool_failed")).toHaveLength(2);
  });

  it("does not keep what the database refuses for its data", async () => {
    const dir = newSpoolDir();
    const refuse = () => Promise.reject(Object.assign(new Error("no"), { code: "22P05" }));
    const rig = openRig({ dir, write: refuse });
    await recordAll(rig, records(3));
    await until(() => spooledIds(dir).length === 0);
    await rig.recorder.close();
    expect(countOf(rig.logged, "track.refused")).toBe(3);
    expect(filesIn(dir)).toEqual([]);
  });
});

describe("commit durability", () => {
  it("touches no disk while the database answers", async () => {
    const database = memoryDatabase();
    const dir = newSpoolDir();
    const rig = openRig({ dir, write: database.write, durability: "commit" });
    const given = records(10);
    await recordAll(rig, given);
    expect(database.ids).toEqual(idsOf(given));
    await rig.recorder.close();
    expect(existsSync(dir)).toBe(false);
  });

  it("returns once the record is in the spool where the commit takes too long, and both end in one", async () => {
    const database = memoryDatabase();
    database.isAway = true;
    const dir = newSpoolDir();
    const rig = openRig({ dir, write: database.write, durability: "commit", commitTimeoutMs: 30, maxWaiting: 20 });
    const given = records(40);
    const returned = recordAll(rig, given);
    expect(spooledIds(dir)).toHaveLength(20); // the other half found no room
    await returned;
    expect(spooledIds(dir).sort()).toEqual(idsOf(given));
    database.isAway = false;
    await until(async () =>
      rig.recorder.flush().then(
        () => true,
        () => false,
      ),
    );
    expect([...database.ids].sort()).toEqual(idsOf(given));
    await rig.recorder.close();
    expect(filesIn(dir)).toEqual([]);
  });

  it("puts what is not committed at the close into the spool, and calls that wait return", async () => {
    const database = memoryDatabase();
    database.isAway = true;
    const dir = newSpoolDir();
    const rig = openRig({
      dir,
      write: database.write,
      durability: "commit",
      commitTimeoutMs: 60_000,
      flushTimeoutMs: 20,
    });
    const given = records(5);
    const returned = recordAll(rig, given);
    await rig.recorder.close();
    await returned;
    expect(spooledIds(dir)).toEqual(idsOf(given));
    expect(countOf(rig.logged, "track.left_in_spool")).toBe(5);
    await expect(rig.recorder.record(recordOfSize(newId()))).rejects.toThrow("closed");
    expect(filesIn(dir, ".lock")).toEqual([]);
  });
});

describe("what an owner left behind", () => {
  it("is replayed in order, across its segments, and deleted", async () => {
    const dir = newSpoolDir();
    const earlier = records(300);
    const later = records(300);
    await leaveBehind(dir, earlier, { segmentBytes: 6_000 });
    await leaveBehind(dir, later);
    expect(filesIn(dir, ".spool").length).toBeGreaterThan(10);
    const database = memoryDatabase();
    const rig = openRig({ dir, write: database.write, maxBatch: 7 });
    rig.adopt();
    await until(() => filesIn(dir).length === 0);
    expect(database.ids).toEqual(idsOf([...earlier, ...later]));
    expect(rig.logged.map(({ event, facts }) => [event, facts["count"]])).toEqual([
      ["track.replayed", 300],
      ["track.replayed", 300],
    ]);
  });

  it("has its torn last frame cut and a damaged one set aside and counted; the rest is replayed", async () => {
    const dir = newSpoolDir();
    const given = records(100);
    await leaveBehind(dir, given);
    const file = theFile(dir);
    const bytes = readFileSync(file);
    const frameBytes = bytes.length / given.length;
    bytes[Math.floor(frameBytes * 40.5)] = 0;
    writeFileSync(file, bytes);
    appendFileSync(file, bytes.subarray(0, Math.floor(frameBytes / 2)));
    const database = memoryDatabase();
    const rig = openRig({ dir, write: database.write });
    rig.adopt();
    await until(() => filesIn(dir, ".spool").length === 0);
    expect(database.ids).toEqual(idsOf(given.toSpliced(40, 1)));
    expect(countOf(rig.logged, "track.spool_damaged")).toBe(1);
    expect(countOf(rig.logged, "track.spool_torn")).toBe(1);
    const [aside = "", ...others] = filesIn(dir, ".damaged");
    expect(others).toEqual([]);
    expect(readFileSync(join(dir, aside))).toEqual(bytes.subarray(frameBytes * 40, frameBytes * 41));
  });

  it("for another database is left alone", async () => {
    const dir = newSpoolDir();
    const given = records(3);
    await leaveBehind(dir, given);
    // Its own comes last, so once that is there the others have been passed by.
    const own = records(2);
    await leaveBehind(dir, own, { destination: "elsewhere" });
    const elsewhere = memoryDatabase();
    const other = openRig({ dir, write: elsewhere.write, destination: "elsewhere" });
    other.adopt();
    await until(() => elsewhere.ids.length >= own.length && filesIn(dir, ".spool").length === 1);
    expect(elsewhere.ids).toEqual(idsOf(own));
    expect(spooledIds(dir)).toEqual(idsOf(given));
  });

  it("stays where the replay is broken off, and goes to whoever comes next", async () => {
    const dir = newSpoolDir();
    const given = records(30);
    await leaveBehind(dir, given);
    const away = memoryDatabase();
    away.isAway = true;
    const first = openRig({ dir, write: away.write, maxWaiting: 10, flushTimeoutMs: 10 });
    first.adopt();
    await until(() => first.logged.some(({ event }) => event === "track.write_failed"));
    await first.recorder.close();
    expect(spooledIds(dir)).toEqual(idsOf(given));
    const database = memoryDatabase();
    openRig({ dir, write: database.write }).adopt();
    await until(() => filesIn(dir).length === 0);
    expect(database.ids).toEqual(idsOf(given));
  });

  it("is not touched while its owner lives, which may be this very process", async () => {
    const dir = newSpoolDir();
    const away = memoryDatabase();
    away.isAway = true;
    const owner = openRig({ dir, write: away.write, flushTimeoutMs: 10 });
    const given = records(3);
    await recordAll(owner, given);
    const dead = records(2);
    await leaveBehind(dir, dead);
    const database = memoryDatabase();
    const other = openRig({ dir, write: database.write });
    other.adopt();
    await until(() => database.ids.length >= dead.length && filesIn(dir, ".spool").length === 1);
    expect(database.ids).toEqual(idsOf(dead));
    expect(spooledIds(dir)).toEqual(idsOf(given));
    expect(existsSync(dirname(theFile(dir)))).toBe(true);
  });
});
