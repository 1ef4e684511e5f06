import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { UptakeError } from "../domain/errors.ts";

/** In the folder itself, so that a copy of it is marked as well. */
const NAME = "uptake-moved.json";

export const movedMark = (dataDir: string): string => join(dataDir, NAME);

/** Says in the folder that all it holds is in another database from now on; `place` is that one's URL without a password. */
export function markMoved(dataDir: string, place: string): void {
  const mark = movedMark(dataDir);
  const unfinished = `${mark}.unfinished`;
  const file = openSync(unfinished, "w", 0o600);
  writeSync(file, `${JSON.stringify({ place, movedAt: new Date().toISOString() })}\n`);
  fsyncSync(file);
  closeSync(file);
  renameSync(unfinished, mark);
}

/** Where the folder's database was moved to; null: it was not. */
export function readMovedTo(dataDir: string): string | null {
  const mark = movedMark(dataDir);
  if (!existsSync(mark)) return null;
  try {
    const { place } = JSON.parse(readFileSync(mark, "utf8")) as { readonly place?: unknown };
    return typeof place === "string" ? place : "another database";
  } catch {
    return "another database"; // somebody wrote to it: it still says that the rows are elsewhere
  }
}

/** @throws UptakeError `data_directory_moved`: whoever worked here would deliver once more what waits in both */
export function refuseMoved(dataDir: string): void {
  const place = readMovedTo(dataDir);
  if (place === null) return;
  throw new UptakeError(
    "data_directory_moved",
    `Data directory ${dataDir} was moved to ${place} by uptake move: nothing is written or delivered from here any more. ` +
      `Set DATABASE_URL to that database. To go back to this one, only if nothing has used that one, delete ${movedMark(dataDir)}.`,
    { facts: { dataDir, place } },
  );
}
