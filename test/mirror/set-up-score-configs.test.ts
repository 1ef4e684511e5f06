import { LangfuseClient } from "@langfuse/client";
import { describe, expect, it } from "vitest";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { setUpScoreConfigs } from "../../src/mirror/set-up-score-configs.ts";
import type { LangfuseDialect } from "../../src/testing.ts";
import { describeOnPostgres } from "../support/databases.ts";
import { startStandIn } from "./set-up.ts";

const NAMES = ["feedback", "accepted", "kept-ratio", "time-to-feedback"];

async function start(dialect: LangfuseDialect = "v4") {
  const { standIn, address } = await startStandIn({ dialect });
  const client = createLangfuseClient({ ...address, fetch, timeoutMs: 5000 });
  // The official client, so that what is there is seen with other eyes than ours.
  const { scoreConfigs } = new LangfuseClient(address).api;
  return { standIn, client, scoreConfigs };
}

describeOnPostgres("setting up score configs", (open) => {
  describe.each<LangfuseDialect>(["v4", "v3"])("in dialect %s", (dialect) => {
    it("creates what is not there, and nothing the second time", async () => {
      const db = await open();
      const { client, scoreConfigs } = await start(dialect);
      const first = await setUpScoreConfigs(db, client);
      expect(first.configs.map(({ name, state }) => [name, state])).toEqual(NAMES.map((name) => [name, "created"]));
      const { data } = await scoreConfigs.get({});
      const byName = new Map(data.map((config) => [config.name, config]));
      expect(byName.get("feedback")).toMatchObject({
        dataType: "CATEGORICAL",
        categories: [{ label: "approval" }, { label: "revision" }, { label: "rejection" }],
      });
      expect(byName.get("accepted")).toMatchObject({ dataType: "BOOLEAN" });
      expect(byName.get("kept-ratio")).toMatchObject({ dataType: "NUMERIC", minValue: 0, maxValue: 1 });
      expect(byName.get("time-to-feedback")).toMatchObject({ dataType: "NUMERIC", minValue: 0, maxValue: null });

      const second = await setUpScoreConfigs(db, client);
      expect(second.configs).toEqual(first.configs.map((config) => ({ ...config, state: "matched" })));
      expect((await scoreConfigs.get({})).data).toHaveLength(4);
    });
  });

  it("keeps what it matched, with the facts to check scores by", async () => {
    const db = await open();
    const { client } = await start();
    const { configs } = await setUpScoreConfigs(db, client);
    const rows = await db.query(
      `select base_url, name, config_id, langfuse_project_id, data_type, categories, min_value, max_value
       from score_configs order by name`,
    );
    const idOf = (name: string) => configs.find((config) => config.name === name)?.configId;
    const common = { base_url: client.baseUrl, langfuse_project_id: "stand-in" };
    const nothing = { categories: null, min_value: null, max_value: null };
    const row = (name: string, data_type: string) => ({
      ...common,
      ...nothing,
      name,
      config_id: idOf(name),
      data_type,
    });
    expect(rows).toEqual([
      row("accepted", "BOOLEAN"),
      { ...row("feedback", "CATEGORICAL"), categories: ["approval", "revision", "rejection"] },
      { ...row("kept-ratio", "NUMERIC"), min_value: 0, max_value: 1 },
      { ...row("time-to-feedback", "NUMERIC"), min_value: 0 },
    ]);
  });

  it("creates nothing twice when it runs twice at once", async () => {
    const db = await open();
    const { client, scoreConfigs } = await start();
    const reports = await Promise.all(Array.from({ length: 3 }, () => setUpScoreConfigs(db, client)));
    expect(reports.flatMap(({ configs }) => configs).filter(({ state }) => state === "created")).toHaveLength(4);
    expect((await scoreConfigs.get({})).data).toHaveLength(4);
  });

  it("uses the oldest of several that fit, on whatever page it is", async () => {
    const db = await open();
    const { client, scoreConfigs } = await start();
    const oldest = await scoreConfigs.create({ name: "accepted", dataType: "BOOLEAN" });
    // Langfuse lists the newest first.
    for (let i = 0; i < 120; i += 1) await scoreConfigs.create({ name: `other ${i}`, dataType: "TEXT" });
    await scoreConfigs.create({ name: "accepted", dataType: "BOOLEAN" });
    const { configs } = await setUpScoreConfigs(db, client);
    expect(configs[1]).toEqual({ name: "accepted", state: "matched", configId: oldest.id, problems: [] });
  });

  it("names what differs in one of the same name, and neither changes nor duplicates it", async () => {
    const db = await open();
    const { client, scoreConfigs } = await start();
    const categories = [
      { label: "good", value: 1 },
      { label: "bad", value: 0 },
    ];
    await scoreConfigs.create({ name: "feedback", dataType: "CATEGORICAL", categories });
    await scoreConfigs.create({ name: "accepted", dataType: "NUMERIC" });
    await scoreConfigs.create({ name: "kept-ratio", dataType: "NUMERIC", minValue: 0, maxValue: 100 });
    const before = (await scoreConfigs.get({})).data;
    const { configs } = await setUpScoreConfigs(db, client);
    expect(configs.map(({ state, problems }) => [state, ...problems])).toEqual([
      ["differs", "its categories are bad, good, not approval, rejection, revision"],
      ["differs", "its data type is NUMERIC, not BOOLEAN"],
      ["differs", "its maximum is 100, not 1"],
      ["created"],
    ]);
    const after = (await scoreConfigs.get({})).data;
    expect(after.filter(({ name }) => name !== "time-to-feedback")).toEqual(before);
    expect(await db.query(`select name from score_configs`)).toEqual([{ name: "time-to-feedback" }]);
  });

  it("passes an archived one over, so that archiving is how to mend one that differs", async () => {
    const db = await open();
    const { client, scoreConfigs } = await start();
    const wrong = await scoreConfigs.create({ name: "accepted", dataType: "NUMERIC" });
    await scoreConfigs.update(wrong.id, { isArchived: true });
    const { configs } = await setUpScoreConfigs(db, client);
    expect(configs[1]).toMatchObject({ name: "accepted", state: "created" });
  });

  it("keeps nothing when Langfuse fails in the middle, and finds next time what it had created", async () => {
    const db = await open();
    const { standIn, client, scoreConfigs } = await start();
    let posts = 0;
    const failing: typeof fetch = (input, init) => {
      if (init?.method === "POST" && (posts += 1) === 3) standIn.failNext({ status: 500 });
      return fetch(input, init);
    };
    const { baseUrl } = client;
    const keys = { publicKey: "pk-lf-stand-in", secretKey: "sk-lf-stand-in" };
    const unlucky = createLangfuseClient({ baseUrl, ...keys, fetch: failing, timeoutMs: 5000 });
    await expect(setUpScoreConfigs(db, unlucky)).rejects.toMatchObject({
      code: "mirror_failed",
      message: expect.stringContaining("POST") as unknown,
    });
    expect(await db.query(`select name from score_configs`)).toEqual([]);
    const { configs } = await setUpScoreConfigs(db, client);
    expect(configs.map(({ state }) => state)).toEqual(["matched", "matched", "created", "created"]);
    expect((await scoreConfigs.get({})).data).toHaveLength(4);
  });
});
