import { LangfuseClient } from "@langfuse/client";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import type { MirrorDeps } from "../../src/mirror/mirror.ts";
import { setUpScoreConfigs } from "../../src/mirror/set-up-score-configs.ts";
import type { LangfuseDialect } from "../../src/testing.ts";
import { openTestPostgres } from "../support/databases.ts";
import { insertFeedbackOn, insertSamples } from "./rows.ts";
import { type ClientSettings, drain, mirrorTo, readOutbox, startStandIn } from "./set-up.ts";
import { until } from "./until.ts";

const CONFIGS = "GET /api/public/score-configs";
const NEVER_MS = 3_600_000;

async function open(dialect: LangfuseDialect, { isSetUp = true }: { readonly isSetUp?: boolean } = {}) {
  const postgres = await openTestPostgres();
  onTestFinished(() => postgres.drop());
  const { db } = postgres;
  const { standIn, address } = await startStandIn({ dialect });
  const client = createLangfuseClient({ ...address, fetch, timeoutMs: 5000 });
  const configs = isSetUp ? (await setUpScoreConfigs(db, client)).configs : [];
  const { scoreConfigs } = new LangfuseClient(address).api;
  const idOf = (name: string): string => configs.find((config) => config.name === name)?.configId ?? "none";
  const [suggestion] = await insertSamples(db, 1);
  return {
    db,
    standIn,
    client,
    idOf,
    scoreConfigs,
    mirrorWith: (options: Partial<MirrorDeps> & ClientSettings) =>
      mirrorTo(db, address, { concurrency: 1, ...options }),
    /** An approval, a revision and a rejection of the one suggestion: 13 scores. */
    giveFeedback: () =>
      insertFeedbackOn(
        db,
        Array.from({ length: 3 }, () => suggestion?.id ?? ""),
      ),
    configsUsed: () => Object.fromEntries(standIn.currentScores().map(({ name, configId }) => [name, configId])),
  };
}

describe.each<LangfuseDialect>(["v4", "v3"])("score configs in dialect %s", (dialect) => {
  it("are used where they were set up, and only for the scores that have one", async () => {
    const rig = await open(dialect);
    await rig.giveFeedback();
    await drain(rig.mirrorWith({}).mirror);
    expect(rig.configsUsed()).toEqual({
      feedback: rig.idOf("feedback"),
      accepted: rig.idOf("accepted"),
      "feedback-reason": null,
      "kept-ratio": rig.idOf("kept-ratio"),
      "time-to-feedback": rig.idOf("time-to-feedback"),
      output: null,
    });
    expect(rig.standIn.droppedScores()).toEqual([]);
    expect(rig.standIn.currentScores()).toHaveLength(13);
  });

  it("are not even asked for where nothing was set up", async () => {
    const rig = await open(dialect, { isSetUp: false });
    await rig.giveFeedback();
    await drain(rig.mirrorWith({}).mirror);
    expect(rig.standIn.requests()[CONFIGS]).toBeUndefined();
    expect(new Set(Object.values(rig.configsUsed()))).toEqual(new Set([null]));
    expect(rig.standIn.currentScores()).toHaveLength(13);
  });

  it("are asked for once in a while, not for every batch", async () => {
    const rig = await open(dialect);
    const asked = rig.standIn.requests()[CONFIGS] ?? 0;
    const { mirror } = rig.mirrorWith({ configCheckMs: NEVER_MS });
    for (let i = 0; i < 3; i += 1) {
      await rig.giveFeedback();
      await drain(mirror);
    }
    expect(rig.standIn.requests()[CONFIGS]).toBe(asked + 1);
  });

  it("that are archived or changed by the time the mirror looks are not used, and nothing is lost", async () => {
    const rig = await open(dialect);
    await rig.scoreConfigs.update(rig.idOf("accepted"), { isArchived: true });
    await rig.scoreConfigs.update(rig.idOf("kept-ratio"), { maxValue: 0.5 });
    await rig.giveFeedback();
    const { mirror, book } = rig.mirrorWith({});
    await drain(mirror);
    expect(rig.configsUsed()).toMatchObject({ accepted: null, "kept-ratio": null, feedback: rig.idOf("feedback") });
    expect(rig.standIn.droppedScores()).toEqual([]);
    expect(rig.standIn.currentScores()).toHaveLength(13);
    const problems = book.named("mirror.score_config_retired").map(({ facts }) => [facts["name"], facts["problems"]]);
    expect(Object.fromEntries(problems)).toEqual({
      accepted: ["it is archived"],
      "kept-ratio": ["its maximum is 0.5, not 1"],
    });
  });

  it("that were archived between two looks lose nothing: what was dropped is read back and sent without them", async () => {
    const rig = await open(dialect);
    const first = rig.mirrorWith({ configCheckMs: NEVER_MS });
    await drain(first.mirror);
    await rig.scoreConfigs.update(rig.idOf("accepted"), { isArchived: true });
    await rig.giveFeedback();
    await drain(first.mirror);
    expect(rig.standIn.droppedScores().map(({ name }) => name)).toEqual(["accepted", "accepted", "accepted"]);
    expect(await readOutbox(rig.db)).toEqual([]);
    await first.mirror.stop();

    const second = rig.mirrorWith({ configCheckMs: 30, leaseMs: 2000, visibilityDelayMs: 50 });
    second.mirror.start();
    await until("they are there", () => rig.standIn.currentScores().filter((s) => s.name === "accepted").length === 3);
    await until("all of it is settled", async () => (await readOutbox(rig.db)).length === 0);
    expect(second.book.named("mirror.read_back_after_retired_config")[0]?.facts).toEqual({ count: 3 });
    // Only what was missing went out again.
    expect(rig.standIn.duplicates()).toEqual({ observations: [], scores: [] });
    expect(rig.configsUsed()).toMatchObject({ accepted: null, feedback: rig.idOf("feedback") });
    const kept = await rig.db.query<{ name: string }>(`select name from score_configs order by name`);
    expect(kept.map(({ name }) => name)).toEqual(["feedback", "kept-ratio", "time-to-feedback"]);
  });

  it("that are restored and set up again before that are used, and what was dropped is sent all the same", async () => {
    const rig = await open(dialect);
    const first = rig.mirrorWith({ configCheckMs: NEVER_MS });
    await drain(first.mirror);
    await rig.scoreConfigs.update(rig.idOf("accepted"), { isArchived: true });
    await rig.giveFeedback();
    await drain(first.mirror);
    await first.mirror.stop();
    await drain(rig.mirrorWith({ configCheckMs: NEVER_MS }).mirror);
    await rig.scoreConfigs.update(rig.idOf("accepted"), { isArchived: false });
    await setUpScoreConfigs(rig.db, rig.client);

    rig.mirrorWith({ configCheckMs: 30, leaseMs: 2000, visibilityDelayMs: 50 }).mirror.start();
    await until("they are there", () => rig.standIn.currentScores().filter((s) => s.name === "accepted").length === 3);
    expect(rig.configsUsed()).toMatchObject({ accepted: rig.idOf("accepted") });
    const kept = await rig.db.query(`select name from score_configs where retired_at is null`);
    expect(kept).toHaveLength(4);
  });

  it("are left out while Langfuse does not list them, which it says once a look", async () => {
    const rig = await open(dialect);
    await rig.giveFeedback();
    const blind: typeof fetch = (input, init) =>
      new URL(input instanceof Request ? input.url : input).pathname.includes("/score-configs")
        ? Promise.resolve(new Response("<html>", { status: 502 }))
        : fetch(input, init);
    const { mirror, book } = rig.mirrorWith({ fetch: blind });
    await drain(mirror);
    expect(book.named("mirror.score_configs_unread")).toHaveLength(1);
    expect(new Set(Object.values(rig.configsUsed()))).toEqual(new Set([null]));
    expect(rig.standIn.currentScores()).toHaveLength(13);
  });
});

describe("score configs of another project on the same address", () => {
  it("are neither used nor retired", async () => {
    const rig = await open("v4");
    const other = await startStandIn({ dialect: "v4" });
    await rig.db.query(`update score_configs set base_url = $1`, [other.address.baseUrl]);
    await rig.giveFeedback();
    await drain(mirrorTo(rig.db, other.address).mirror);
    expect(other.standIn.currentScores()).toHaveLength(13);
    expect(other.standIn.droppedScores()).toEqual([]);
    expect(await rig.db.query(`select 1 from score_configs where retired_at is not null`)).toEqual([]);
  });
});
