import { crc32 } from "node:zlib";
import type { SuggestionRecord } from "../../domain/suggestion.ts";

// A frame: marker, length of the payload, checksum of length and payload, payload. The payload is the record as JSON in
// UTF-8, behind it the record's two JSON texts as they are: as strings in the JSON they would cost as much again.
// No UTF-8 text holds the byte 0xFF, so the marker stands in no payload: after a damaged frame, whatever happened to
// its length, the next one is found by looking for the next marker.

const MARKER = Buffer.from([0xff, 0x55, 0x50, 0x31]);
const LENGTH_AT = 4;
const CHECKSUM_AT = 8;
const HEADER_BYTES = 12;
/** Stands in no JSON text. */
const BETWEEN_TEXTS = "\0";
/** Most bytes that UTF-8 takes for one UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;

/** Most frames are made here: a buffer of its own for each costs as much again as to fill it. */
const scratch = Buffer.allocUnsafe(128 * 1024);

/** The bytes are good until the next frame is encoded. */
export function encodeFrame(record: SuggestionRecord): Buffer {
  const { metadataJson, observationsJson } = record;
  const json = JSON.stringify({ ...record, metadataJson: undefined, observationsJson: undefined });
  const payload = [json, metadataJson, observationsJson].join(BETWEEN_TEXTS);
  const mostBytes = HEADER_BYTES + payload.length * MAX_BYTES_PER_UNIT;
  const bytes = mostBytes <= scratch.length ? scratch : Buffer.allocUnsafe(mostBytes);
  const length = bytes.write(payload, HEADER_BYTES);
  const frame = bytes.subarray(0, HEADER_BYTES + length);
  MARKER.copy(frame);
  frame.writeUInt32LE(length, LENGTH_AT);
  frame.writeUInt32LE(crc32(frame.subarray(HEADER_BYTES), length), CHECKSUM_AT);
  return frame;
}

/** What stands at a place of a spool file. */
export type Scanned =
  | { readonly kind: "record"; readonly record: SuggestionRecord }
  /** It cannot be read, but something follows it or it is of full length. */
  | { readonly kind: "damaged"; readonly at: number; readonly bytes: Buffer }
  /** The last frame, whose writer was stopped in the middle of it. */
  | { readonly kind: "torn"; readonly at: number };

/** Everything in a file, in order. Never throws, whatever the bytes are. */
export function* scanFrames(bytes: Buffer): Generator<Scanned, void> {
  let at = 0;
  while (at < bytes.length) {
    const frame = readFrame(bytes, at);
    if (frame !== undefined) {
      yield { kind: "record", record: frame.record };
      at = frame.end;
      continue;
    }
    const next = bytes.indexOf(MARKER, at + 1);
    if (next < 0 && isTorn(bytes, at)) {
      yield { kind: "torn", at };
      return;
    }
    const end = next < 0 ? bytes.length : next;
    yield { kind: "damaged", at, bytes: bytes.subarray(at, end) };
    at = end;
  }
}

function readFrame(bytes: Buffer, at: number): { readonly record: SuggestionRecord; readonly end: number } | undefined {
  const from = at + HEADER_BYTES;
  if (from > bytes.length || MARKER.compare(bytes, at, at + MARKER.length) !== 0) return undefined;
  const length = bytes.readUInt32LE(at + LENGTH_AT);
  const end = from + length;
  if (end > bytes.length) return undefined;
  const payload = bytes.subarray(from, end);
  if (crc32(payload, length) !== bytes.readUInt32LE(at + CHECKSUM_AT)) return undefined;
  const record = parseRecord(payload.toString());
  return record && { record, end };
}

/** A frame that begins as it should and goes on past the end of the file. */
function isTorn(bytes: Buffer, at: number): boolean {
  const rest = bytes.subarray(at);
  const begin = rest.subarray(0, MARKER.length);
  if (begin.compare(MARKER, 0, begin.length) !== 0) return false;
  return rest.length < HEADER_BYTES || rest.readUInt32LE(LENGTH_AT) > rest.length - HEADER_BYTES;
}

function parseRecord(payload: string): SuggestionRecord | undefined {
  const [json, metadataJson, observationsJson] = payload.split(BETWEEN_TEXTS);
  if (json === undefined || metadataJson === undefined || observationsJson === undefined) return undefined;
  try {
    // The checksum says that it is what one of us wrote.
    const facts = JSON.parse(json) as Omit<SuggestionRecord, "metadataJson" | "observationsJson"> | null;
    return typeof facts?.id === "string" ? { ...facts, metadataJson, observationsJson } : undefined;
  } catch {
    return undefined;
  }
}
