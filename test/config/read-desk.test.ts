import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";

const KEYS = { LANGFUSE_API_KEY: "pk-lf-1:sk-lf-1" };
const deskOf = (environment: Record<string, string>) => readConfig({ environment }).desk;

describe("how the desk's agent functions are run", () => {
  it("is read by agent function", () => {
    const desk = deskOf({
      ...KEYS,
      UPTAKE_AUTO_SEND: "generate-response=0.85",
      UPTAKE_RUN_PENDING: "generate-message-suggestion, classify-ticket",
      UPTAKE_RUN_CONCURRENCY: "8",
      UPTAKE_RUN_TIMEOUT: "2m",
      UPTAKE_PROMPTS: "generate-message-suggestion=langfuse:desk/reply@production,classify-ticket=langfuse:sort it@12",
    });
    expect(desk).toEqual({
      autoSend: new Map([["generate-response", 0.85]]),
      runPending: ["generate-message-suggestion", "classify-ticket"],
      runConcurrency: 8,
      runTimeoutMs: 120_000,
      prompts: new Map<string, unknown>([
        ["generate-message-suggestion", { name: "desk/reply", label: "production" }],
        ["classify-ticket", { name: "sort it", version: 12 }],
      ]),
    });
  });

  it("may be without a time limit, within what a timer can hold", () => {
    expect(deskOf({ UPTAKE_RUN_TIMEOUT: "never" }).runTimeoutMs).toBe(2_147_483_647);
  });

  it.each([
    ["UPTAKE_AUTO_SEND", "0.9"],
    ["UPTAKE_AUTO_SEND", "generate-response=90"],
    ["UPTAKE_AUTO_SEND", "generate-response=0"],
    ["UPTAKE_AUTO_SEND", "classify-ticket=0.9"],
    ["UPTAKE_AUTO_SEND", "generate-message-suggestion=0.9"],
    ["UPTAKE_AUTO_SEND", "generate-response=0.9,generate-response=0.8"],
    ["UPTAKE_RUN_PENDING", "all"],
    ["UPTAKE_RUN_PENDING", "classify-ticket,,"],
    ["UPTAKE_RUN_CONCURRENCY", "0"],
    ["UPTAKE_RUN_CONCURRENCY", "many"],
    ["UPTAKE_RUN_TIMEOUT", "60"],
    ["UPTAKE_PROMPTS", "langfuse:reply@production"],
    ["UPTAKE_PROMPTS", "generate-response=reply@production"],
    ["UPTAKE_PROMPTS", "generate-response=langfuse:reply"],
    ["UPTAKE_PROMPTS", "summarize=langfuse:reply@production"],
  ])("refuses %s=%s, with place and remedy", (variable, value) => {
    const read = () => deskOf({ ...KEYS, [variable]: value });
    expect(read).toThrow(expect.objectContaining({ code: "invalid_configuration" }));
    expect(read).toThrow(new RegExp(`${variable}: got .*; expected .*; `, "u"));
  });

  it("refuses prompts of a Langfuse that nobody has named", () => {
    const read = () => deskOf({ UPTAKE_PROMPTS: "classify-ticket=langfuse:classify@production" });
    expect(read).toThrow(/UPTAKE_PROMPTS: names prompts of Langfuse and no Langfuse keys are set/);
  });
});
