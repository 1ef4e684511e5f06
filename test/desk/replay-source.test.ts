import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { readConversations, type ReplayItem } from "../../src/desk/replay-source.ts";
import { ticketOf } from "../../src/desk/replay-ticket.ts";

const folder = mkdtempSync(join(tmpdir(), "uptake-replay-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function collect(items: AsyncIterable<ReplayItem>): Promise<ReplayItem[]> {
  const collected: ReplayItem[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

async function read(content: string | Buffer): Promise<ReplayItem[]> {
  const path = join(folder, "conversations.jsonl");
  writeFileSync(path, content);
  return collect(readConversations(path));
}
const line = (messages: unknown, id: unknown = "c-1") => JSON.stringify({ id, messages });
const good = line([{ role: "user", content: "Hi" }]);

describe("conversations from a JSONL file", () => {
  it("are read line by line, with or without a last line feed, carriage returns, a mark at the start and blank lines", async () => {
    const items = await read(`\uFEFF${good}\r\n\n${line([], "c-2")}`);
    expect(items).toMatchObject([
      { line: 1, id: "c-1", messages: [{ role: "user", content: "Hi" }] },
      { line: 3, id: "c-2", messages: [] },
    ]);
  });

  it("keep the line separators that JSON allows inside a text", async () => {
    expect(await read(line([{ role: "user", content: "a\u2028b" }]))).toMatchObject([
      { messages: [{ content: "a\u2028b" }] },
    ]);
  });

  it.each([
    ["no JSON", "{nope", /is not JSON/],
    ["an array", "[]", /expected a JSON object/],
    ["no id", line([], ""), /id: is empty/],
    ["a number as id", line([], 7), /id: got number/],
    ["no messages", '{"id":"x"}', /messages: missing/],
    ["a message that is none", line([7]), /messages\[0\]: expected an object/],
    ["an unknown role", line([{ role: "king" }]), /messages\[0\]\.role: got "king"/],
    ["content of a wrong type", line([{ role: "user", content: 7 }]), /messages\[0\]\.content: got number/],
    ["a NUL", line([{ role: "user", content: "a\0b" }]), /NUL/],
    ["half a surrogate pair", line([{ role: "user", content: "a\ud800b" }]), /surrogate/],
    ["1 MB of text", line([{ role: "user", content: "x".repeat(1_000_000) }]), /1000000 characters long/],
    ["tool calls of a wrong type", line([{ role: "assistant", tool_calls: "x" }]), /tool_calls: expected an array/],
  ])("name the line with %s, and the rest continues", async (_what, bad, problem) => {
    const items = await read(`${good}\n${bad}\n${line([], "c-3")}\n`);
    expect(items).toMatchObject([
      { id: "c-1" },
      { line: 2, problem: expect.stringMatching(problem) as unknown },
      { id: "c-3" },
    ]);
  });

  it("name a line that is not UTF-8, and one that is too long", async () => {
    const bad = Buffer.concat([
      Buffer.from([0xff, 0xfe, 0x0a]),
      Buffer.alloc(17 * 1024 * 1024, "x"),
      Buffer.from(`\n${good}`),
    ]);
    expect(await read(bad)).toMatchObject([
      { line: 1, problem: "is not UTF-8" },
      { line: 2, problem: expect.stringContaining("longer") as unknown },
      { line: 3, id: "c-1" },
    ]);
  });

  it("cannot be read from a file that is not there", async () => {
    await expect(collect(readConversations(join(folder, "none.jsonl")))).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("none.jsonl") as unknown,
    });
  });
});

describe("a conversation's turns", () => {
  const turnsOf = (messages: readonly object[]) => {
    const filled = messages.map((message) => ({ role: "user" as const, content: "", toolCalls: [], ...message }));
    return ticketOf({ line: 1, id: "c", messages: filled }, "default", new Date(0));
  };

  it("are the customer's messages that a text reply followed, tool calls between them left out", () => {
    const { ticket, turns } = turnsOf([
      { content: "Book it" },
      { role: "assistant", toolCalls: ["search"] },
      { role: "tool" },
      { role: "assistant", content: "Booked." },
      { content: "Thanks" },
      { content: "And cancel the other" },
      { role: "assistant", content: "Cancelled." },
      { content: "Bye" },
    ]);
    expect(ticket.messages.map((message) => message.position)).toEqual([0, 3, 4, 5, 6, 7]);
    expect(ticket.messages[1]?.metadata).toEqual({ imported: true, toolCalls: ["search"] });
    const at = (index: number) => ticket.messages.find((message) => message.position === index)?.id;
    expect(turns).toEqual([
      { messageId: at(0), finalText: "Booked." },
      { messageId: at(5), finalText: "Cancelled." },
    ]);
  });

  it("leave out a blank message of the customer, which nobody can answer", () => {
    expect(turnsOf([{ content: " " }, { role: "assistant", content: "Hello?" }]).turns).toEqual([]);
  });
});

const real = fileURLToPath(new URL("../../../shared/data/airline-support.jsonl", import.meta.url));
describe.skipIf(!existsSync(real))("real conversations (skipped where ../shared/data is missing)", () => {
  it("are read without a problem: 100 conversations with 586 turns", async () => {
    const items = await collect(readConversations(real));
    expect(items.filter((item) => "problem" in item)).toEqual([]);
    const turns = items.flatMap((item) => ("problem" in item ? [] : ticketOf(item, "default", new Date()).turns));
    expect([items.length, turns.length]).toEqual([100, 586]);
  });
});
