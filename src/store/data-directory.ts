import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UptakeError } from "../domain/errors.ts";
import { lockDirectory } from "./directory-lock.ts";
import { refuseMoved } from "./moved-mark.ts";

export type DataDirectory = {
  /** Real path, the same under whatever name it was asked for. */
  readonly path: string;
  /** To be called when the database in it has opened for the first time. */
  finished(): void;
  release(): void;
};

function unusable(path: string, problem: string, cause?: unknown): UptakeError {
  return new UptakeError("database_unavailable", `Data directory ${path} ${problem}`, {
    facts: { dataDir: path },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** As `mkdirSync` with `recursive`, which never returns where a folder that is there takes no new one (such as /proc). */
function makeWithParents(path: string): void {
  if (existsSync(path)) return;
  makeWithParents(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // another process was faster
  }
}

function makeDirectory(path: string): string {
  try {
    makeWithParents(resolve(path));
    readdirSync(path);
    return realpathSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw unusable(path, `cannot be made or entered (${code}): choose a folder that this user may write to.`, error);
  }
}

/**
 * Makes, locks and checks the folder of an embedded database. A new database takes seconds to make, and a person may
 * well press Ctrl-C in them; what is left then opens never again. So the making is marked by a file beside the folder,
 * and a folder found with that mark is emptied and made anew. Only an empty folder is ever marked, or one whose database
 * is to be thrown away, so nothing of anybody else's can be lost.
 *
 * @param options.fresh empties the folder first if it holds a database; never anything else
 * @param options.evenMoved opens it even if `uptake move` has moved it elsewhere; to look, not to work
 * @throws UptakeError `data_directory_in_use`, `data_directory_moved`, or `database_unavailable` for a folder that cannot be used or that holds
 *   something else
 */
export function openDataDirectory(
  dataDir: string,
  { fresh = false, evenMoved = false }: { fresh?: boolean; evenMoved?: boolean } = {},
): DataDirectory {
  const path = makeDirectory(dataDir);
  const unfinished = `${path}.unfinished`;
  const release = lock(path);
  try {
    if (fresh && readdirSync(path).includes("PG_VERSION")) writeFileSync(unfinished, "");
    if (existsSync(unfinished)) empty(path);
    const entries = readdirSync(path);
    if (entries.length === 0) writeFileSync(unfinished, "");
    else if (!entries.includes("PG_VERSION")) {
      throw unusable(path, "holds files that are no database: choose an empty or a new folder.");
    }
    if (!evenMoved) refuseMoved(path);
  } catch (error) {
    release();
    throw error instanceof UptakeError ? error : unusable(path, `cannot be read: ${String(error)}.`, error);
  }
  return { path, finished: () => rmSync(unfinished, { force: true }), release };
}

function empty(path: string): void {
  for (const entry of readdirSync(path)) rmSync(join(path, entry), { recursive: true });
}

function lock(path: string): () => void {
  try {
    return lockDirectory(path);
  } catch (error) {
    if (error instanceof UptakeError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw unusable(
      path,
      `cannot be locked (${code}): its parent folder must be writable, for the lock file beside it.`,
      error,
    );
  }
}
