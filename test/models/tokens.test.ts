import { describe, expect, it } from "vitest";
import { countPromptTokens, countTokens } from "../../src/models/tokens.ts";

describe("token counts", () => {
  it("are those of the encoding o200k_base", async () => {
    expect(await countTokens("hello world")).toBe(2);
    expect(await countTokens("")).toBe(0);
  });

  it("take what looks like a control token for the text that it is", async () => {
    expect(await countTokens("<|endoftext|>")).toBeGreaterThan(1);
  });

  it("come for 200,000 letters without a break, which the encoder alone takes half a minute for", async () => {
    expect(await countTokens("a".repeat(200_000))).toBe(25_000);
    expect(await countTokens(" ".repeat(200_000))).toBeGreaterThan(100);
  });

  it("add what every message of a chat costs", async () => {
    expect(await countPromptTokens([{ content: "hello world" }, { content: "hello world" }])).toBe(3 + 2 * (4 + 2));
  });
});
