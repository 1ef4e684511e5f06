import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { lockDirectory } from "../../src/store/directory-lock.ts";
import { built, type Child, startChild } from "../support/child.ts";

/** Locks and releases the directories it is told to; answers "locked" or the pid that has it. */
const lockerScript = `
  import { createInterface } from "node:readline";
  import { lockDirectory } from ${JSON.stringify(built("store/directory-lock.js"))};
  let release;
  console.log("ready");
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, directory] = line.split(" ");
    try {
      if (command === "lock") release = lockDirectory(directory);
      else { release?.(); release = undefined; }
      console.log(command === "lock" ? "locked" : "released");
    } catch (error) {
      console.log(error.facts?.pid ?? error.stack.replaceAll("\\n", " "));
    }
  }`;

async function startLocker(): Promise<Child> {
  const child = startChild(lockerScript);
  expect(await child.line()).toBe("ready");
  return child;
}

async function ask(child: Child, command: string): Promise<string> {
  child.say(command);
  return child.line();
}

function newDirectory(): { parent: string; directory: string; lockFile: string } {
  const parent = mkdtempSync(join(tmpdir(), "uptake-lock-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const directory = join(parent, "data");
  mkdirSync(directory);
  return { parent, directory, lockFile: `${directory}.lock` };
}

/** The text of a lock whose owner was killed. */
async function staleLock(): Promise<string> {
  const { directory, lockFile } = newDirectory();
  const locker = await startLocker();
  expect(await ask(locker, `lock ${directory}`)).toBe("locked");
  locker.kill("SIGKILL");
  await locker.ended;
  return readFileSync(lockFile, "utf8");
}

describe("the lock of a data directory", () => {
  it("refuses a second process with the pid of the first, and lets it in after the first has released", async () => {
    const { directory, lockFile } = newDirectory();
    const [first, second] = await Promise.all([startLocker(), startLocker()]);
    expect(await ask(first, `lock ${directory}`)).toBe("locked");
    expect(await ask(second, `lock ${directory}`)).toBe(String(first.pid));
    expect(await ask(first, "release")).toBe("released");
    expect(existsSync(lockFile)).toBe(false);
    expect(await ask(second, `lock ${directory}`)).toBe("locked");
  });

  it("says who has the directory and what to do", async () => {
    const { directory } = newDirectory();
    const locker = await startLocker();
    await ask(locker, `lock ${directory}`);
    expect(() => lockDirectory(directory)).toThrow(
      expect.objectContaining({
        code: "data_directory_in_use",
        message: `Data directory ${directory} is in use by process ${locker.pid}. Stop that process, choose another data directory, or set DATABASE_URL to a Postgres that many processes can share.`,
        facts: expect.objectContaining({ pid: locker.pid, dataDir: directory }) as unknown,
      }),
    );
  });

  it("that the disk has no room for leaves nothing behind", () => {
    const { parent, directory } = newDirectory();
    const script = `
      import { lockDirectory } from ${JSON.stringify(built("store/directory-lock.js"))};
      try {
        lockDirectory(${JSON.stringify(directory)});
      } catch (error) {
        console.log(error.code);
      }`;
    // No file may have a byte, which stops the write where a full disk does: after the file was made.
    const start = 'ulimit -f 0; exec "$0" --input-type=module --eval "$1"';
    const { stdout } = spawnSync("sh", ["-c", start, process.execPath, script], { encoding: "utf8" });
    expect(stdout.trim()).toBe("EFBIG");
    expect(readdirSync(parent)).toEqual(["data"]);
  });

  it("refuses the same process a second time, and releases only its own lock", () => {
    const { directory, lockFile } = newDirectory();
    const release = lockDirectory(directory);
    expect(() => lockDirectory(directory)).toThrow(`is in use by process ${process.pid}`);
    release();
    const again = lockDirectory(directory);
    release(); // the first lock's release, called twice, must not take the second lock away
    expect(existsSync(lockFile)).toBe(true);
    again();
    expect(existsSync(lockFile)).toBe(false);
  });

  it("is released when the process ends by itself", async () => {
    const { directory, lockFile } = newDirectory();
    const child = startChild(`
      import { lockDirectory } from ${JSON.stringify(built("store/directory-lock.js"))};
      lockDirectory(${JSON.stringify(directory)});`);
    expect(await child.ended).toMatchObject({ code: 0, errors: "" });
    expect(existsSync(lockFile)).toBe(false);
  });

  it("is taken over after kill -9, leaving nothing behind", async () => {
    const { parent, directory } = newDirectory();
    const locker = await startLocker();
    await ask(locker, `lock ${directory}`);
    locker.kill("SIGKILL");
    await locker.ended;
    const release = lockDirectory(directory);
    expect(readdirSync(parent).sort()).toEqual(["data", "data.lock"]);
    release();
    expect(readdirSync(parent)).toEqual(["data"]);
  });

  it("is taken over when the pid was given to another process meanwhile", async () => {
    const { directory, lockFile } = newDirectory();
    const locker = await startLocker();
    await ask(locker, `lock ${directory}`);
    const owner = JSON.parse(readFileSync(lockFile, "utf8")) as { startedAt: string | null };
    if (owner.startedAt === null) return; // this system does not tell when a process started
    writeFileSync(lockFile, JSON.stringify({ ...owner, startedAt: "1" }));
    const release = lockDirectory(directory);
    expect(readFileSync(lockFile, "utf8")).toContain(`"pid":${process.pid}`);
    release();
  });

  it("is taken over when the one who was taking it over was killed in the middle", async () => {
    const { parent, directory, lockFile } = newDirectory();
    const stale = await staleLock();
    const { token } = JSON.parse(stale) as { token: string };
    writeFileSync(lockFile, stale);
    const staleTakeover = await staleLock();
    writeFileSync(`${lockFile}.after-${token}`, staleTakeover);
    const release = lockDirectory(directory);
    expect(readdirSync(parent).sort()).toEqual(["data", "data.lock"]);
    release();
  });

  it("is not taken from an owner on another machine", async () => {
    const { directory, lockFile } = newDirectory();
    const owner = JSON.parse(await staleLock()) as object;
    writeFileSync(lockFile, JSON.stringify({ ...owner, host: "elsewhere" }));
    expect(() => lockDirectory(directory)).toThrow(/on host elsewhere\. If that process is gone, delete .*data\.lock/);
  });

  it("is not taken when its file says nothing", () => {
    const { directory, lockFile } = newDirectory();
    writeFileSync(lockFile, "");
    expect(() => lockDirectory(directory)).toThrow(/does not say who owns it.*delete the file/);
  });

  it("is not taken when its file says something else", () => {
    const { directory, lockFile } = newDirectory();
    for (const text of ["12345\n", "null", "{}"]) {
      writeFileSync(lockFile, text);
      expect(() => lockDirectory(directory)).toThrow(/does not say who owns it.*delete the file/);
    }
  });

  it("goes to exactly one of four processes that race for a stale lock, 20 times", async () => {
    const stale = await staleLock();
    const lockers = await Promise.all([startLocker(), startLocker(), startLocker(), startLocker()]);
    for (let round = 0; round < 20; round += 1) {
      const { parent, directory, lockFile } = newDirectory();
      writeFileSync(lockFile, stale);
      const answers = await Promise.all(lockers.map((locker) => ask(locker, `lock ${directory}`)));
      const winners = lockers.filter((_, i) => answers[i] === "locked");
      expect(winners).toHaveLength(1);
      expect(readFileSync(lockFile, "utf8")).toContain(`"pid":${winners[0]?.pid}`);
      await Promise.all(lockers.map((locker) => ask(locker, "release")));
      expect(readdirSync(parent)).toEqual(["data"]);
    }
  });
});
