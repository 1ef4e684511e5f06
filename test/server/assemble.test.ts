import { expect, it, onTestFinished } from "vitest";
import { silentLogger } from "../../src/domain/logger.ts";
import { readConfig } from "../../src/config/read-config.ts";
import { assemble } from "../../src/server/assemble.ts";
import { createStandInLangfuse } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { MIGRATION_LOCK } from "../../src/store/migrate.ts";
import { eventually } from "../support/eventually.ts";

it("a logger that throws stops neither the mirror nor the roller", async () => {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  const langfuse = createStandInLangfuse();
  onTestFinished(() => langfuse.close());
  const { baseUrl, publicKey, secretKey } = await langfuse.start();
  langfuse.failNext({ status: 500 });
  const config = readConfig({
    code: {
      databaseUrl: postgres.url,
      langfusePublicKey: publicKey,
      langfuseSecretKey: secretKey,
      langfuseBaseUrl: baseUrl,
    },
    environment: {},
  });
  let thrownCount = 0;
  const fails = (): never => {
    thrownCount += 1;
    throw new Error("the disk with the log is full");
  };
  const parts = assemble(config, { log: { info: fails, warn: fails, error: fails }, worker: true });
  onTestFinished(() => parts.close());
  const reply = parts.tracker.track("reply", async () => "hello");
  expect(await reply()).toBe("hello");
  await eventually("the trace is there after a failure", () => langfuse.observations().length > 0);
  expect(thrownCount).toBeGreaterThan(0);
});

it("close waits for a database that is still being opened, and commits what waited for it", async () => {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  // Another process is migrating, for longer than a flush may take.
  const other = postgres.db.transaction(async (tx) => {
    await tx.query("select pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await held;
  });
  const config = readConfig({ code: { databaseUrl: postgres.url }, environment: {} });
  const parts = assemble(config, { log: silentLogger, worker: false });
  const reply = parts.tracker.track("reply", async () => "hello");
  await Promise.all([reply(), reply()]);
  setTimeout(letGo, 11_500); // two flushes of 5 s would have given up
  await parts.close();
  await other;
  expect(await postgres.db.query("select count(*) as n from ai_suggestions")).toEqual([{ n: 2 }]);
});
