import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { UptakeError } from "../domain/errors.ts";

// PGlite lets two processes open one directory, and then the one to write last wins: 300 committed rows of the other
// were seen to vanish. So a directory is opened only under this lock, a file `<directory>.lock` that names its owner.
//
// Taking a free lock is one atomic step: the owner's text is written to a file of its own and hard-linked to the lock's
// name, which fails if that name exists. Nobody ever reads half a lock.
//
// Taking over the lock of a dead owner is the hard part. Two processes that both find it dead must not both remove it:
// the slower one would remove the lock that the faster one has just made. So whoever wants to replace the lock of owner
// T first takes the lock `<directory>.lock.after-T`, and under it looks again whether T's lock is still there. Only the
// holder of `after-T` may replace T's lock, T itself is dead, and so what was seen under it stays true until the
// replacing rename, which is atomic. The slower one gets `after-T` later or not at all, and finds the new owner. If the
// holder of `after-T` dies in between, its lock is a dead owner's lock like any other and is taken over by the same
// steps, under a name of its own; the depth is the number of deaths in the middle of a takeover.

type Owner = {
  readonly pid: number;
  /** Distinguishes two locks of one process. */
  readonly token: string;
  /** Start of the owner, so that a later process with the same pid is not taken for it; null where unknown. */
  readonly startedAt: string | null;
  /** Whether an owner lives can be told on its own machine only. */
  readonly host: string;
};

/** Locks this process holds: the last word on our own pid where the system does not tell when a process started. */
const held = new Set<string>();

/** Field 22 of /proc/<pid>/stat, counted from the boot; null where there is no /proc, "dead" for a zombie. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command in parentheses may itself hold spaces and parentheses: fields are counted from the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "dead" : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function lives(owner: Owner): boolean {
  if (owner.pid === process.pid && held.has(owner.token)) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // it lives, under another user
  }
  const startedAt = startOf(owner.pid);
  if (startedAt !== null && owner.startedAt !== null) return startedAt === owner.startedAt;
  return owner.pid !== process.pid;
}

function readOwner(path: string): Owner | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const owner = parseOwner(text);
  if (owner !== undefined) return owner;
  throw new UptakeError(
    "data_directory_in_use",
    `Lock file ${path} does not say who owns it. If no uptake process uses this data directory, delete the file.`,
    { facts: { lockFile: path } },
  );
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    const whole = typeof owner?.pid === "number" && typeof owner.token === "string" && typeof owner.host === "string";
    return whole ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Where the disk has no room for the text, the file without it does not stay: a spool asks again every second. */
function writeNew(path: string, owner: Owner): void {
  try {
    writeFileSync(path, JSON.stringify(owner), { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") remove(path);
    throw error;
  }
}

/** Makes the lock if its name is free. */
function create(path: string, owner: Owner): boolean {
  const draft = `${path}.${owner.token}`;
  writeNew(draft, owner);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    // A file system without hard links: the text then follows the name by an instant, and a reader in that instant refuses.
    if (code !== "EPERM" && code !== "ENOSYS" && code !== "ENOTSUP" && code !== "EOPNOTSUPP") throw error;
    return createWithoutLink(path, owner);
  } finally {
    remove(draft);
  }
}

function createWithoutLink(path: string, owner: Owner): boolean {
  try {
    writeNew(path, owner);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function replace(path: string, owner: Owner): void {
  const draft = `${path}.${owner.token}`;
  writeNew(draft, owner);
  renameSync(draft, path);
}

/** Takes the lock, or returns the living owner that has it. */
function take(path: string, owner: Owner): Owner | undefined {
  for (;;) {
    if (create(path, owner)) return undefined;
    const found = readOwner(path);
    if (found === undefined) continue; // released between the two steps: try again
    if (found.host !== owner.host || lives(found)) return found;

    const after = `${path}.after-${found.token}`;
    const other = take(after, owner);
    if (other !== undefined) return other;
    try {
      if (readOwner(path)?.token !== found.token) continue; // someone was faster
      replace(path, owner);
      return undefined;
    } finally {
      remove(after);
    }
  }
}

function inUse(directory: string, lockFile: string, owner: Owner): UptakeError {
  const elsewhere = owner.host !== hostname();
  const who = `process ${owner.pid}${elsewhere ? ` on host ${owner.host}` : ""}`;
  const remedy = elsewhere
    ? `If that process is gone, delete ${lockFile}.`
    : "Stop that process, choose another data directory, or set DATABASE_URL to a Postgres that many processes can share.";
  return new UptakeError("data_directory_in_use", `Data directory ${directory} is in use by ${who}. ${remedy}`, {
    facts: { dataDir: directory, pid: owner.pid, host: owner.host, lockFile },
  });
}

/** Whether somebody has the directory locked, without locking it: `elsewhere` on another machine, or a file that does not say. */
export function lockHolder(directory: string): {
  readonly kind: "nobody" | "dead" | "alive" | "elsewhere";
  readonly pid: number | null;
} {
  let owner: Owner | undefined;
  try {
    owner = readOwner(`${directory}.lock`);
  } catch {
    return { kind: "elsewhere", pid: null };
  }
  if (owner === undefined) return { kind: "nobody", pid: null };
  const { pid } = owner;
  if (owner.host !== hostname()) return { kind: "elsewhere", pid };
  return { kind: lives(owner) ? "alive" : "dead", pid };
}

/**
 * Locks a data directory for this process; the lock is the file `<directory>.lock` beside it. A lock whose owner has
 * died (even by kill -9) is taken over.
 *
 * @returns releases the lock; also done at the exit of the process
 * @throws UptakeError `data_directory_in_use` with the owner's pid, also when this process itself has it open
 */
export function lockDirectory(directory: string): () => void {
  const lockFile = `${directory}.lock`;
  const token = randomUUID();
  const owner: Owner = { pid: process.pid, token, startedAt: startOf(process.pid), host: hostname() };
  const other = take(lockFile, owner);
  if (other !== undefined) throw inUse(directory, lockFile, other);

  held.add(token);
  function release(): void {
    if (!held.delete(token)) return;
    process.off("exit", release);
    if (readOwner(lockFile)?.token === token) remove(lockFile);
  }
  process.on("exit", release);
  return release;
}
