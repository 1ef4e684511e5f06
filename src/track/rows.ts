import type { FieldWriter } from "../domain/binary-field.ts";
import { type SuggestionRow, writeSuggestion } from "../domain/suggestion-row.ts";
import type { SuggestionRecord } from "../domain/suggestion.ts";

// Rows are written one after the other into chunks of memory. As bytes outside of the heap a record that waits costs
// the garbage collector nothing; as strings, copied from generation to generation, the wait cost as much as the rest.

/** Room in front of each row, where the spool puts a frame's header. */
export const HEADER_BYTES = 12;
const CHUNK_BYTES = 256 * 1024;

const chunk: FieldWriter & { rowFrom: number } = {
  buffer: Buffer.alloc(0),
  at: 0,
  rowFrom: 0,
  reserve(byteCount) {
    if (chunk.at + byteCount <= chunk.buffer.length) return;
    // What is begun of this row moves; the old chunk lives as long as one of its rows does.
    const begunBytes = chunk.at - chunk.rowFrom;
    const longer = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, 2 * (begunBytes + byteCount)));
    chunk.buffer.copy(longer, 0, chunk.rowFrom, chunk.at);
    chunk.buffer = longer;
    chunk.rowFrom = 0;
    chunk.at = begunBytes;
  },
};

/** The record as bytes. Throws RangeError for a value that Postgres cannot hold. */
export function rowOf(record: SuggestionRecord): SuggestionRow {
  chunk.rowFrom = chunk.at;
  chunk.reserve(HEADER_BYTES);
  chunk.at += HEADER_BYTES;
  writeSuggestion(chunk, record);
  const { buffer: bytes, rowFrom, at: to } = chunk;
  return { id: record.id, functionName: record.functionName, bytes, from: rowFrom + HEADER_BYTES, to };
}
