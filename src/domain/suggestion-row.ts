import { type FieldType, type FieldWriter, NULL_LENGTH, readers, uuidOf, writeNull, writers } from "./binary-field.ts";
import type { SuggestionRecord } from "./suggestion.ts";

/** What stands in a row, in this order, each as the bytes of a Postgres type. The only place that knows it. */
export const suggestionFields = [
  { key: "id", type: "uuid" },
  { key: "projectId", type: "text" },
  { key: "functionName", type: "text" },
  { key: "ticketId", type: "text" },
  { key: "messageId", type: "text" },
  { key: "systemUserId", type: "text" },
  { key: "suggestedResponse", type: "text" },
  { key: "confidenceScore", type: "float4" },
  { key: "status", type: "text" },
  { key: "createdAt", type: "timestamptz" },
  { key: "environment", type: "text" },
  { key: "release", type: "text" },
  { key: "model", type: "text" },
  { key: "promptName", type: "text" },
  { key: "promptVersion", type: "text" },
  { key: "traceId", type: "text" },
  { key: "observationId", type: "text" },
  { key: "latencyMs", type: "int4" },
  { key: "timeToFirstTokenMs", type: "int4" },
  { key: "inputTokens", type: "int4" },
  { key: "outputTokens", type: "int4" },
  // Numeric, as text: as a double it would be rounded.
  { key: "costUsd", type: "text" },
  { key: "errorType", type: "text" },
  { key: "errorMessage", type: "text" },
  { key: "metadataJson", type: "jsonb" },
  { key: "observationsJson", type: "jsonb" },
] as const satisfies readonly { readonly key: keyof SuggestionRecord; readonly type: FieldType }[];

const ID_AT = 4;
const ID_BYTES = 16;
const FUNCTION_NAME_FIELD = 2;

/**
 * A {@link SuggestionRecord} serialised, once for all: the spool keeps these bytes and Postgres is sent them. Each field
 * is an int32 length (-1: null) and that many bytes in Postgres' binary format; integers are big-endian.
 */
export type SuggestionRow = {
  readonly id: string;
  readonly functionName: string;
  /** Holds the row between `from` and `to`, and other things beside it. */
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
};

/** Writes the fields. Throws RangeError for a value that its type cannot hold. */
export function writeSuggestion(target: FieldWriter, record: SuggestionRecord): void {
  for (const { key, type } of suggestionFields) {
    const value = record[key];
    if (value === null) writeNull(target);
    else writers[type](target, value);
  }
}

/** The row that fills these bytes exactly; undefined where they are none. */
export function readRow(bytes: Buffer, from: number, to: number): SuggestionRow | undefined {
  let at = from;
  let functionName = "";
  for (let field = 0; field < suggestionFields.length; field++) {
    if (at + ID_AT > to) return undefined;
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < NULL_LENGTH || at + length > to) return undefined;
    if (field === FUNCTION_NAME_FIELD) functionName = bytes.toString("utf8", at, at + length);
    at += Math.max(length, 0);
  }
  if (at !== to || bytes.readInt32BE(from) !== ID_BYTES) return undefined;
  const id = uuidOf(bytes.toString("hex", from + ID_AT, from + ID_AT + ID_BYTES));
  return { id, functionName, bytes, from, to };
}

/** The record that the row was made of, its texts as they are stored. */
export function recordOfRow({ bytes, from }: SuggestionRow): SuggestionRecord {
  let at = from;
  const values = suggestionFields.map(({ key, type }) => {
    const length = bytes.readInt32BE(at);
    const start = at + 4;
    at = start + Math.max(length, 0);
    if (length === NULL_LENGTH) return [key, null];
    const value = readers[type](bytes, start, at);
    return [key, key === "costUsd" ? Number(value) : value];
  });
  return Object.fromEntries(values) as SuggestionRecord; // the fields are all of its keys
}

type TextKey = Extract<(typeof suggestionFields)[number], { readonly type: "text" }>["key"];

/** The text in a field of the row; null where it is null. */
export function textOf({ bytes, from }: SuggestionRow, key: TextKey): string | null {
  let at = from;
  for (const field of suggestionFields) {
    const length = bytes.readInt32BE(at);
    at += 4;
    if (field.key === key) return length === NULL_LENGTH ? null : bytes.toString("utf8", at, at + length);
    at += Math.max(length, 0);
  }
  return null;
}
