import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LangfuseClient } from "@langfuse/client";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { startStandIn } from "../mirror/set-up.ts";
import { runUptake } from "../server/run-program.ts";
import { openTestPostgres } from "../support/databases.ts";
import { run } from "./fake-services.ts";

const scratch = mkdtempSync(join(tmpdir(), "uptake-mirror-setup-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function openPlace() {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  const { address } = await startStandIn();
  const env = {
    DATABASE_URL: postgres.url,
    LANGFUSE_BASE_URL: address.baseUrl,
    LANGFUSE_PUBLIC_KEY: address.publicKey,
    LANGFUSE_SECRET_KEY: address.secretKey,
  };
  const { scoreConfigs } = new LangfuseClient(address).api;
  return { address, scoreConfigs, setup: () => runUptake(["mirror", "setup"], { cwd: scratch, env }) };
}

describe("uptake mirror setup", () => {
  it("creates the score configs, once, also when two processes run at the same time, and ends with 0", async () => {
    const { address, scoreConfigs, setup } = await openPlace();
    const both = await Promise.all([setup(), setup()]);
    const ids = new Map((await scoreConfigs.get({})).data.map(({ name, id }) => [name, id]));
    expect(ids.size).toBe(4);
    expect((await scoreConfigs.get({})).data).toHaveLength(4);
    const lines = (state: string) =>
      `Score configs in ${address.baseUrl}\n` +
      `feedback          ${state} (${ids.get("feedback")})\n` +
      `accepted          ${state} (${ids.get("accepted")})\n` +
      `kept-ratio        ${state} (${ids.get("kept-ratio")})\n` +
      `time-to-feedback  ${state} (${ids.get("time-to-feedback")})\n`;
    expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
      { code: 0, stderr: "" },
      { code: 0, stderr: "" },
    ]);
    expect(both.map(({ stdout }) => stdout).sort()).toEqual([lines("created"), lines("there already")].sort());
  });

  it("says what differs and how to mend it, and ends with 1", async () => {
    const { scoreConfigs, setup } = await openPlace();
    const other = await scoreConfigs.create({ name: "kept-ratio", dataType: "NUMERIC", minValue: 0, maxValue: 100 });
    const { code, stdout } = await setup();
    expect(code).toBe(1);
    expect(stdout).toContain(
      `kept-ratio        differs (${other.id}): its maximum is 100, not 1\n  archive it in Langfuse`,
    );
    await scoreConfigs.update(other.id, { isArchived: true });
    expect(await setup()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^kept-ratio +created/mu) as unknown,
    });
  });

  it("ends with 2 where no keys are set, and with 1 where Langfuse does not take them", async () => {
    const { address } = await openPlace();
    const dataDir = ["--data-dir", join(scratch, "data")];
    const without = await runUptake(["mirror", "setup", ...dataDir], { cwd: scratch });
    expect(without).toMatchObject({ code: 2, stdout: "" });
    expect(without.stderr).toContain("LANGFUSE_PUBLIC_KEY: no Langfuse keys are set");
    const env = {
      LANGFUSE_BASE_URL: address.baseUrl,
      LANGFUSE_PUBLIC_KEY: "pk-lf-wrong",
      LANGFUSE_SECRET_KEY: "sk-lf-wrong",
    };
    const refused = await runUptake(["mirror", "setup", ...dataDir], { cwd: scratch, env });
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("answered 401");
  });

  it("ends with 130 when it is interrupted", async () => {
    const signals = { on: (_name: string, listener: () => void) => queueMicrotask(listener), off: () => {} };
    const services = { mirror: { setup: () => new Promise<never>(() => {}) } as never };
    expect((await run(["mirror", "setup"], { services, signals })).code).toBe(130);
  });
});
