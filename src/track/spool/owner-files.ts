import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../../domain/ids.ts";

// Names: `<destination>-<pid>-<token>` is one owner, `….lock` its lock, `….<number>.spool` its segments. The token is a
// time-ordered id, so that owners sort by when they began. The destination keeps records of one database from being
// replayed into another that shares the directory.

export type Owner = {
  /** Path of the owner without an ending; the lock is taken on it. */
  readonly path: string;
  /** Its segments, oldest first. */
  readonly segments: readonly string[];
};

const NAME = /^([\w.]+)-(\d+)-([0-9a-f]{32})\.(?:lock|(\d+)\.spool)$/;

export const newOwnerPath = (dir: string, destination: string): string =>
  join(dir, `${destination}-${process.pid}-${newId().replaceAll("-", "")}`);

export const segmentPath = (ownerPath: string, number: number): string => `${ownerPath}.${number}.spool`;

/** Where is set aside what nobody can read of a segment, from this byte on. */
export const damagedPath = (segment: string, at: number): string => `${segment}.${at}.damaged`;

/** What was set aside, of this destination or of any. A missing directory has nothing. */
export function listDamaged(dir: string, destination?: string): readonly string[] {
  const names = namesIn(dir).filter((name) => name.endsWith(".damaged"));
  const wanted = destination === undefined ? names : names.filter((name) => name.startsWith(`${destination}-`));
  return wanted.map((name) => join(dir, name));
}

/** Who has files for this destination, in the order in which they began. A missing directory has none. */
export function listOwners(dir: string, destination: string): readonly Owner[] {
  const owners = new Map<string, { readonly path: string; readonly numbers: number[] }>();
  for (const name of namesIn(dir)) {
    const [, itsDestination, pid, token, number] = NAME.exec(name) ?? [];
    if (itsDestination !== destination || token === undefined) continue;
    const owner = owners.get(token) ?? { path: join(dir, `${destination}-${pid}-${token}`), numbers: [] };
    owners.set(token, owner);
    if (number !== undefined) owner.numbers.push(Number(number));
  }
  const inOrder = [...owners].sort(([one], [other]) => (one < other ? -1 : 1));
  return inOrder.map(([, { path, numbers }]) => ({
    path,
    segments: numbers.sort((one, other) => one - other).map((number) => segmentPath(path, number)),
  }));
}

/** Bytes of all files in the directory, whoever made them. */
export function bytesIn(dir: string): number {
  return namesIn(dir).reduce((sum, name) => {
    // It may be gone since the directory was read.
    return sum + (statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0);
  }, 0);
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
