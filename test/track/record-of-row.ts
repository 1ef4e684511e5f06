import type { SuggestionRecord } from "../../src/domain/suggestion.ts";
import { suggestionFields, type SuggestionRow } from "../../src/domain/suggestion-row.ts";

/** The record that a row was made of: the way back, which nothing but tests takes. */
export function recordOfRow({ bytes, from }: SuggestionRow): SuggestionRecord {
  let at = from;
  const values = suggestionFields.map(({ key, type }) => {
    const length = bytes.readInt32BE(at);
    const value = bytes.subarray(at + 4, at + 4 + Math.max(0, length));
    at += 4 + value.length;
    return [key, length < 0 ? null : decoders[type](value, key)];
  });
  return Object.fromEntries(values) as SuggestionRecord;
}

const decoders = {
  uuid: (value: Buffer) => value.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
  text: (value: Buffer, key: string) => (key === "costUsd" ? Number(value.toString()) : value.toString()),
  jsonb: (value: Buffer) => value.subarray(1).toString(),
  timestamptz: (value: Buffer) => new Date(Number(value.readBigInt64BE() / 1_000n) + Date.UTC(2000)).toISOString(),
  int4: (value: Buffer) => value.readInt32BE(),
  float4: (value: Buffer) => value.readFloatBE(),
};
