import { describe, expect, it } from "vitest";
import { newId } from "../../../src/domain/ids.ts";
import type { SuggestionRecord } from "../../../src/domain/suggestion.ts";
import { rowOf } from "../../../src/track/rows.ts";
import { frameOf, scanFrames } from "../../../src/track/spool/frame.ts";
import { recordOfSize } from "../memory-recorder.ts";
import { recordOfRow } from "../../../src/domain/suggestion-row.ts";

const frame = (record: SuggestionRecord): Uint8Array => frameOf(rowOf(record));

const ids = (bytes: Buffer): string[] =>
  [...scanFrames(bytes)].map((part) => (part.kind === "row" ? part.row.id : part.kind));

const records = Array.from({ length: 3 }, (_, index) => recordOfSize(newId(), 10 + index));
const frames = records.map(frame);
const file = Buffer.concat(frames);
const [first, second, third] = records.map(({ id }) => id);

describe("frames of a spool file", () => {
  it("give back every record as it was, in order, whatever its text", () => {
    const odd = { ...recordOfSize(newId()), suggestedResponse: "ÿUP2 🙂 \u00ffUP2", ticketId: '"\n', messageId: "é" };
    const full = {
      ...recordOfSize(newId()),
      confidenceScore: 0.5,
      timeToFirstTokenMs: 2_147_483_647,
      inputTokens: 0,
      costUsd: 1e-7,
      errorType: "",
      createdAt: "1999-12-31T23:59:59.999Z",
    };
    const large = { ...recordOfSize(newId()), suggestedResponse: "🙂".repeat(100_000) };
    const all = [...records, odd, full, large, ...records];
    const parts = [...scanFrames(Buffer.concat(all.map(frame)))];
    expect(parts.map((part) => part.kind === "row" && recordOfRow(part.row))).toEqual(all);
    expect(parts.map((part) => part.kind === "row" && part.row.functionName)).toEqual(all.map(() => "f"));
    expect(ids(Buffer.alloc(0))).toEqual([]);
  });

  it("are torn wherever the last one is cut, and the others are read", () => {
    const begin = file.length - (frames[2]?.length ?? 0);
    expect(ids(file.subarray(0, begin))).toEqual([first, second]);
    for (let end = begin + 1; end < file.length; end++) {
      expect(ids(file.subarray(0, end))).toEqual([first, second, "torn"]);
    }
  });

  it("are damaged by any changed byte, length and marker included, and those around it are read", () => {
    const begin = frames[0]?.length ?? 0;
    const end = begin + (frames[1]?.length ?? 0);
    for (let at = begin; at < end; at++) {
      const changed = Buffer.from(file);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      expect(ids(changed), `byte ${at}`).toEqual([first, "damaged", third]);
    }
  });

  it("that are damaged come with all their bytes, also at the very end", () => {
    const changed = Buffer.from(file);
    changed[changed.length - 1] = 0;
    const begin = file.length - (frames[2]?.length ?? 0);
    const last = [...scanFrames(changed)].at(-1);
    expect(last).toEqual({ kind: "damaged", at: begin, bytes: changed.subarray(begin) });
    expect(ids(Buffer.from("no spool file at all"))).toEqual(["damaged"]);
  });
});
