import { readFile } from "node:fs/promises";
import { recordOfRow } from "../../domain/suggestion-row.ts";
import type { SuggestionRecord } from "../../domain/suggestion.ts";
import { scanFrames } from "./frame.ts";
import { listDamaged, listOwners } from "./owner-files.ts";

export type Spooled = {
  /** Records that wait in the files of this destination. */
  readonly recordCount: number;
  /** Set aside because nobody can read them, and with one of the ids in them, or maybe: to be deleted by hand. */
  readonly damagedFiles: readonly string[];
};

/** Looks for records in the spool's files, whoever owns them; `ids` null: not all are known. A file that goes meanwhile has been replayed. */
export async function findSpooled(
  { dir, destination }: { readonly dir: string; readonly destination: string },
  ids: readonly string[] | null,
  isMeant: (record: SuggestionRecord) => boolean,
): Promise<Spooled> {
  let recordCount = 0;
  for (const { segments } of listOwners(dir, destination)) {
    for (const segment of segments) {
      const bytes = await readIfThere(segment);
      if (bytes === undefined) continue;
      for (const part of scanFrames(bytes)) if (part.kind === "row" && isMeant(recordOfRow(part.row))) recordCount += 1;
    }
  }
  const damagedFiles: string[] = [];
  for (const path of listDamaged(dir, destination)) {
    const bytes = await readIfThere(path);
    if (bytes !== undefined && (ids?.some((id) => bytes.includes(id)) ?? true)) damagedFiles.push(path);
  }
  return { recordCount, damagedFiles };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
