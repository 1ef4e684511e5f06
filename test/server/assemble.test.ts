import { expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import { assemble } from "../../src/server/assemble.ts";
import { createStandInLangfuse } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
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
