import { LangfuseClient } from "@langfuse/client";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLangfuseClient } from "../../src/langfuse/client.ts";
import { outgoingScore } from "../../src/langfuse/outgoing.ts";
import { feedbackToScores, type ScoreEvent } from "../../src/langfuse/scores.ts";
import { createStandInLangfuse, type LangfuseDialect } from "../../src/testing.ts";
import { aRevision } from "./sources.ts";

async function start(dialect: LangfuseDialect) {
  const standIn = createStandInLangfuse({ dialect });
  onTestFinished(() => standIn.close());
  const address = await standIn.start();
  const { scoreConfigs } = new LangfuseClient(address).api;
  const client = createLangfuseClient({ ...address, fetch, timeoutMs: 5000 });
  return { standIn, address, scoreConfigs, client };
}

/** The revision's score of this name, sent under a config, with another value where one is given. */
function scoreUnder(configId: string, name: string, value?: string | number): ScoreEvent {
  const event = feedbackToScores(aRevision()).find(({ body }) => body.name === name);
  if (event === undefined) throw new Error(`a revision has a score ${name}`);
  const body = { ...event.body, configId, ...(value === undefined ? {} : { value }) };
  return { ...event, body: body as ScoreEvent["body"] }; // also what our types do not allow
}

describe.each<LangfuseDialect>(["v4", "v3"])("the stand-in's score configs in dialect %s", (dialect) => {
  it("are created, listed newest first in pages, read and changed as the official client does it", async () => {
    const { scoreConfigs } = await start(dialect);
    const ratio = await scoreConfigs.create({ name: "ratio", dataType: "NUMERIC", minValue: 0, maxValue: 1 });
    const flag = await scoreConfigs.create({ name: "flag", dataType: "BOOLEAN", description: "yes or no" });
    expect(ratio).toMatchObject({ name: "ratio", isArchived: false, minValue: 0, maxValue: 1, description: null });
    expect(flag.categories).toEqual([
      { label: "True", value: 1 },
      { label: "False", value: 0 },
    ]);
    const { data, meta } = await scoreConfigs.get({ page: 2, limit: 1 });
    expect(data).toHaveLength(1);
    expect(meta).toEqual({ page: 2, limit: 1, totalItems: 2, totalPages: 2 });
    expect(await scoreConfigs.update(ratio.id, { isArchived: true, maxValue: 5 })).toMatchObject({ maxValue: 5 });
    expect(await scoreConfigs.getById(ratio.id)).toMatchObject({ isArchived: true, maxValue: 5 });
    await expect(scoreConfigs.getById("nope")).rejects.toMatchObject({ statusCode: 404 });
    await expect(scoreConfigs.update("nope", { name: "x" })).rejects.toMatchObject({ statusCode: 404 });
  });

  it.each([
    ["a name of 36 characters", { name: "n".repeat(36), dataType: "TEXT" }],
    ["a name with a slash", { name: "a/b", dataType: "TEXT" }],
    ["a data type of none", { name: "a", dataType: "CORRECTION" }],
    ["a range upside down", { name: "a", dataType: "NUMERIC", minValue: 1, maxValue: 1 }],
    ["categories of a BOOLEAN", { name: "a", dataType: "BOOLEAN", categories: [{ label: "x", value: 1 }] }],
    ["no categories of a CATEGORICAL", { name: "a", dataType: "CATEGORICAL" }],
    [
      "two categories of one value",
      {
        name: "a",
        dataType: "CATEGORICAL",
        categories: [
          { label: "x", value: 1 },
          { label: "y", value: 1 },
        ],
      },
    ],
  ])("refuse %s", async (_what, config) => {
    const { address, standIn } = await start(dialect);
    const auth = Buffer.from(`${address.publicKey}:${address.secretKey}`).toString("base64");
    const response = await fetch(`${address.baseUrl}/api/public/score-configs`, {
      method: "POST",
      headers: { authorization: `Basic ${auth}`, "content-type": "application/json" },
      body: JSON.stringify(config),
    });
    expect(response.status).toBe(400);
    expect(standIn.droppedScores()).toEqual([]);
  });

  it("make scores vanish after they were accepted: wrong type, range, category, archived or unknown", async () => {
    const { standIn, scoreConfigs, client } = await start(dialect);
    const ratio = await scoreConfigs.create({ name: "kept-ratio", dataType: "NUMERIC", minValue: 0, maxValue: 1 });
    const old = await scoreConfigs.create({ name: "accepted", dataType: "BOOLEAN" });
    await scoreConfigs.update(old.id, { isArchived: true });
    const categories = [{ label: "approval", value: 1 }];
    const kind = await scoreConfigs.create({ name: "feedback", dataType: "CATEGORICAL", categories });
    const events = [
      scoreUnder(ratio.id, "kept-ratio", 1.5),
      scoreUnder(ratio.id, "feedback-reason"),
      scoreUnder(kind.id, "feedback"),
      scoreUnder(old.id, "accepted"),
      scoreUnder("nope", "time-to-feedback"),
    ];
    expect(await client.sendScores(events.map(outgoingScore))).toEqual({ kind: "accepted", rejected: new Map() });
    expect(standIn.scores()).toEqual([]);
    expect(standIn.droppedScores().map(({ name, reason }) => [name, reason])).toEqual([
      ["kept-ratio", "value 1.5 not valid against provided config"],
      ["feedback-reason", "Data type mismatch based on config: expected NUMERIC, got CATEGORICAL"],
      ["feedback", "value revision not valid against provided config"],
      ["accepted", "Config is archived and cannot be used to create new scores"],
      ["time-to-feedback", "the configId does not match a valid config in this project"],
    ]);
  });

  it("give a score their own name, and are shown on it", async () => {
    const { standIn, scoreConfigs, client } = await start(dialect);
    const other = await scoreConfigs.create({ name: "share kept", dataType: "NUMERIC" });
    await client.sendScores([outgoingScore(scoreUnder(other.id, "kept-ratio"))]);
    expect(standIn.scores()).toMatchObject([{ name: "share kept", configId: other.id, value: 0.9 }]);
  });
});
