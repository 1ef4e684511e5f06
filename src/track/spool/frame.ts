import { crc32 } from "node:zlib";
import { readRow, type SuggestionRow } from "../../domain/suggestion-row.ts";
import { HEADER_BYTES } from "../rows.ts";

// A frame: marker, length of the payload, checksum of the payload, payload. The payload is a row's bytes, and the header
// goes into the room that is left in front of each row, so a frame is written from where it lies. The marker's last digit
// says which fields a row has. After a damaged frame, whatever happened to its length, the next one is found by looking
// for the next marker; that the same four bytes stand in a payload shows, since what follows them does not check.

const MARKER_VALUE = 0xff_55_50_32;
const MARKER = Buffer.alloc(4);
MARKER.writeUInt32BE(MARKER_VALUE);
const LENGTH_AT = 4;
const CHECKSUM_AT = 8;

/** Puts the header in front of the row; returns header and row. */
export function frameOf({ bytes, from, to }: SuggestionRow): Uint8Array {
  const start = from - HEADER_BYTES;
  const length = to - from;
  bytes.writeUInt32BE(MARKER_VALUE, start);
  bytes.writeUInt32LE(length, start + LENGTH_AT);
  bytes.writeUInt32LE(checksumOf(bytes.subarray(from, to)), start + CHECKSUM_AT);
  return bytes.subarray(start, to);
}

/** Of length and payload. */
const checksumOf = (payload: Uint8Array): number => crc32(payload, payload.length);

/** What stands at a place of a spool file. */
export type Scanned =
  | { readonly kind: "row"; readonly row: SuggestionRow }
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
      yield { kind: "row", row: frame };
      at = frame.to;
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

function readFrame(bytes: Buffer, at: number): SuggestionRow | undefined {
  const from = at + HEADER_BYTES;
  if (from > bytes.length || MARKER.compare(bytes, at, at + MARKER.length) !== 0) return undefined;
  const to = from + bytes.readUInt32LE(at + LENGTH_AT);
  if (to > bytes.length || checksumOf(bytes.subarray(from, to)) !== bytes.readUInt32LE(at + CHECKSUM_AT))
    return undefined;
  return readRow(bytes, from, to);
}

/** A frame that begins as it should and goes on past the end of the file. */
function isTorn(bytes: Buffer, at: number): boolean {
  const rest = bytes.subarray(at);
  const begin = rest.subarray(0, MARKER.length);
  if (begin.compare(MARKER, 0, begin.length) !== 0) return false;
  return rest.length < HEADER_BYTES || rest.readUInt32LE(LENGTH_AT) > rest.length - HEADER_BYTES;
}
