import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openDataDirectory } from "../../src/store/data-directory.ts";
import { openEmbedded } from "../../src/store/embedded.ts";
import { built, startChild } from "../support/child.ts";
import { openTestEmbedded } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

async function openTest() {
  const opened = await openTestEmbedded();
  onTestFinished(() => opened.drop());
  return opened;
}

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "uptake-embedded-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const importEmbedded = `import { openEmbedded } from ${JSON.stringify(built("store/embedded.js"))};`;

describe("the embedded database", () => {
  it("leaves the main loop free during a slow query", async () => {
    const { db } = await openTest();
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 5);
    const startedAt = performance.now();
    await db.query("select sum(sqrt(i)) from generate_series(1, 3000000) i");
    const tookMs = performance.now() - startedAt;
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(tookMs / 5 / 4);
  });

  it("keeps its rows from one opening to the next", async () => {
    const { db, dataDir } = await openTest();
    await db.query("insert into kb_articles (id, title, content) values ('a', 't', 'c')");
    await db.close();
    const again = await openEmbedded({ dataDir });
    expect(await again.query("select id from kb_articles")).toEqual([{ id: "a" }]);
    await again.close();
  });

  it("keeps everything in memory when told so", async () => {
    const db = await openEmbedded({ dataDir: "memory" });
    expect(await db.query("select 1 as alive")).toEqual([{ alive: 1 }]);
    await db.close();
  });

  it("refuses a directory that is open, also under another name, and lets it go when closed", async () => {
    const { db, dataDir } = await openTest();
    const otherName = join(scratch(), "link");
    symlinkSync(dataDir, otherName);
    await expect(openEmbedded({ dataDir })).rejects.toMatchObject({ code: "data_directory_in_use" });
    await expect(openEmbedded({ dataDir: otherName })).rejects.toMatchObject({ code: "data_directory_in_use" });
    const child = startChild(`${importEmbedded}
      await openEmbedded({ dataDir: ${JSON.stringify(dataDir)} }).catch((error) => console.log(error.message));`);
    expect(await child.line()).toContain(`is in use by process ${process.pid}`);
    await db.close();
    await (await openEmbedded({ dataDir: otherName })).close();
  });

  it("says which directory cannot be used", async () => {
    const file = join(scratch(), "file");
    writeFileSync(file, "");
    await expect(openEmbedded({ dataDir: join(file, "data") })).rejects.toMatchObject({
      code: "database_unavailable",
      message: expect.stringContaining(join(file, "data")) as unknown,
    });
  });

  it("refuses a folder that holds something else and leaves it alone", async () => {
    const folder = scratch();
    writeFileSync(join(folder, "mine.txt"), "keep me");
    await expect(openEmbedded({ dataDir: folder })).rejects.toMatchObject({
      code: "database_unavailable",
      message: expect.stringContaining("holds files that are no database") as unknown,
    });
    expect(readdirSync(folder)).toEqual(["mine.txt"]);
    expect(existsSync(`${folder}.lock`)).toBe(false);
  });

  it("starts again where the first start was killed in the middle", async () => {
    const dataDir = join(scratch(), "data");
    const child = startChild(`${importEmbedded}
      openEmbedded({ dataDir: ${JSON.stringify(dataDir)} });`);
    await eventually("the database is being made", () => existsSync(join(dataDir, "PG_VERSION")), 50_000);
    child.kill("SIGKILL");
    await child.ended;
    const db = await openEmbedded({ dataDir });
    expect(await db.query("select 1 as alive")).toEqual([{ alive: 1 }]);
    await db.close();
    expect(readdirSync(dirname(dataDir))).toEqual(["data"]);
  });

  it("starts again where a start with fresh was killed while it emptied the folder", async () => {
    const dataDir = join(scratch(), "data");
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, "PG_VERSION"), "17");
    for (let i = 0; i < 20_000; i += 1) writeFileSync(join(dataDir, String(i)), "");
    const child = startChild(`
      import { openDataDirectory } from ${JSON.stringify(built("store/data-directory.js"))};
      openDataDirectory(${JSON.stringify(dataDir)}, { fresh: true });`);
    await eventually("it is being emptied", () => readdirSync(dataDir).length < 20_000, 50_000);
    child.kill("SIGKILL");
    await child.ended;
    expect(readdirSync(dataDir).length).toBeGreaterThan(0); // else it was killed too late to tell
    rmSync(join(dataDir, "PG_VERSION"), { force: true }); // whichever file went first
    openDataDirectory(dataDir, { fresh: true }).release();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it("says which folder cannot be made where the system takes it for an endless task", () => {
    // mkdir -p of Node never returns from here, so it runs where it can be killed.
    const script = `
      import { openDataDirectory } from ${JSON.stringify(built("store/data-directory.js"))};
      try { openDataDirectory("/proc/no-such-folder/data"); } catch (error) { console.log(error.message); }`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
      timeout: 10_000,
      killSignal: "SIGKILL",
      encoding: "utf8",
    });
    expect(stdout).toContain("Data directory /proc/no-such-folder/data cannot be made");
  });

  it("does not keep a process alive that forgot to close, and answers a query that is still running", async () => {
    const { db, dataDir } = await openTest();
    await db.close();
    const child = startChild(`${importEmbedded}
      const db = await openEmbedded({ dataDir: ${JSON.stringify(dataDir)} });
      await db.listen("c", () => {});
      db.query("select pg_sleep(0.2)").then(() => console.log("last line"));`);
    expect(await child.line()).toBe("last line");
    expect(await child.ended).toMatchObject({ code: 0, errors: "" });
    await (await openEmbedded({ dataDir })).close();
  });

  it("loses no acknowledged row to kill -9", { timeout: 180_000 }, async () => {
    const { db, dataDir } = await openTest();
    await db.close();
    let acknowledged = 0;
    for (let round = 0; round < 3; round += 1) {
      const child = startChild(`${importEmbedded}
        const db = await openEmbedded({ dataDir: ${JSON.stringify(dataDir)} });
        for (let i = ${acknowledged}; ; i++) {
          await db.transaction(async (tx) => {
            await tx.query("insert into kb_articles (id, title, content) values ($1, 't', 'c')", [String(i)]);
            await tx.query("insert into ai_suggestions (suggested_response) values ($1)", [String(i)]);
          });
          console.log(i);
        }`);
      const first = acknowledged;
      while (acknowledged < first + 40) acknowledged = Number(await child.line()) + 1;
      child.kill("SIGKILL");
      await child.ended;
      // What it had acknowledged in the moment before it died still stands in the pipe.
      for (let line = await child.line().catch(() => ""); line !== ""; line = await child.line().catch(() => "")) {
        acknowledged = Number(line) + 1;
      }
      const after = await openEmbedded({ dataDir });
      const [count] = await after.query<{ articles: number; suggestions: number }>(
        "select (select count(*) from kb_articles) as articles, (select count(*) from ai_suggestions) as suggestions",
      );
      await after.close();
      expect(count?.articles).toBe(count?.suggestions);
      // One transaction may have committed without its acknowledgement having left the process.
      expect(count?.articles).toBeGreaterThanOrEqual(acknowledged);
      expect(count?.articles).toBeLessThanOrEqual(acknowledged + 1);
      acknowledged = count?.articles ?? 0;
    }
  });
});
