import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { assemble } from "../../src/server/assemble.ts";
import { watch } from "../support/exposition.ts";

const ROW = /^\| `(uptake_[a-z_]+)` +\| (counter|gauge|histogram) /gmu;

it("docs/monitoring.md has every metric with its type, and none that there is not", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "uptake-monitoring-"));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const { instruments, read } = watch();
  const code = {
    databaseUrl: "postgres://nobody@127.0.0.1:1/none",
    spoolDir: join(scratch, "spool"),
    langfusePublicKey: "pk-lf-1",
    langfuseSecretKey: "sk-lf-1",
  };
  const parts = assemble(readConfig({ code, environment: {} }), { log: silentLogger, worker: false, instruments });
  onTestFinished(() => parts.close());
  const exposed = await read();
  expect(exposed.value("uptake_database_up")).toBe(0);
  const page = readFileSync(new URL("../../docs/monitoring.md", import.meta.url), "utf8");
  const documented = [...page.matchAll(ROW)].map(([, name, type]) => `${name} ${type}`);
  expect(documented.sort()).toEqual([...exposed.types].map(([name, type]) => `${name} ${type}`).sort());
});
