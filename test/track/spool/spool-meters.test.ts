import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { newId } from "../../../src/domain/ids.ts";
import { eventually } from "../../support/eventually.ts";
import { watch } from "../../support/exposition.ts";
import { recordOfSize } from "../memory-recorder.ts";
import { filesIn, memoryDatabase, newSpoolDir, openRig, type RigOptions } from "./spool-rig.ts";

function openMetered(options: RigOptions) {
  const { instruments, read } = watch();
  const rig = openRig({ ...options, instruments });
  const value = async (name: string) => (await read()).value(name);
  return { ...rig, value };
}

it("shows what the spool holds, until it is committed, and what it took in all", async () => {
  const dir = newSpoolDir();
  const database = memoryDatabase();
  database.isAway = true;
  const { recorder, value } = openMetered({ dir, write: database.write });
  expect(await value("uptake_spool_bytes")).toBe(0);
  for (let i = 0; i < 3; i += 1) await recorder.record(recordOfSize(newId(), 1000));
  expect(await value("uptake_spool_held_records")).toBe(3);
  expect(await value("uptake_spool_bytes")).toBeGreaterThan(3000);
  database.isAway = false;
  await recorder.flush();
  expect(await value("uptake_spool_held_records")).toBe(0);
  expect(await value("uptake_spool_appended_records_total")).toBe(3);
  expect(await value("uptake_spool_replayed_records_total")).toBe(0);
});

it("counts what a dead process left: replayed, damaged and torn", async () => {
  const dir = newSpoolDir();
  const database = memoryDatabase();
  database.isAway = true;
  const dead = openRig({ dir, write: database.write });
  for (let i = 0; i < 4; i += 1) await dead.recorder.record(recordOfSize(newId()));
  await dead.recorder.close();
  const [name = ""] = filesIn(dir, ".spool");
  const bytes = readFileSync(join(dir, name));
  bytes[20] = (bytes[20] ?? 0) ^ 1; // in the first frame
  writeFileSync(join(dir, name), bytes.subarray(0, -5));

  database.isAway = false;
  const next = openMetered({ dir, write: database.write });
  next.adopt();
  await eventually("the file is replayed", () => filesIn(dir, ".spool").length === 0);
  expect(await next.value("uptake_spool_replayed_records_total")).toBe(2);
  expect(await next.value("uptake_spool_damaged_parts_total")).toBe(1);
  expect(await next.value("uptake_spool_torn_frames_total")).toBe(1);
});

it("counts what found no room, and what the database refused", async () => {
  const database = memoryDatabase();
  database.isAway = true;
  const full = openMetered({ dir: newSpoolDir(), write: database.write, maxWaiting: 1, maxBytes: 10 });
  await full.recorder.record(recordOfSize(newId()));
  for (let i = 0; i < 2; i += 1) await full.recorder.record(recordOfSize(newId()))?.catch(() => {});
  expect(await full.value("uptake_track_dropped_records_total")).toBe(2);
  expect(await full.value("uptake_spool_failures_total")).toBe(3);
  expect(await full.value("uptake_spool_appended_records_total")).toBe(0);

  const write = () => Promise.reject(Object.assign(new Error("too long"), { code: "22001" }));
  const refusing = openMetered({ dir: newSpoolDir(), write });
  await refusing.recorder.record(recordOfSize(newId()));
  await refusing.recorder.flush().catch(() => {});
  expect(await refusing.value("uptake_track_refused_records_total")).toBe(1);
});
