import { isUuid } from "./ids.ts";
import { storableText } from "./text.ts";

// Values in Postgres' binary format, as the `…_recv` function of each type reads them: int32 length, then the bytes.
// Big-endian throughout. The formats have not changed since Postgres 9.4 (jsonb), the others for longer.

export type FieldType = "uuid" | "text" | "jsonb" | "timestamptz" | "int4" | "float4";

/** Where bytes go. Who writes asks `reserve` first, which may put another buffer in its place. */
export type FieldWriter = { buffer: Buffer; at: number; reserve(byteCount: number): void };

export const NULL_LENGTH = -1;
const LENGTH_BYTES = 4;
const UUID_BYTES = 16;
const JSONB_VERSION = 1;
/** Up to here, and in ASCII, a loop over the characters costs a quarter of a call of the native encoder. */
const SHORT_CHARS = 40;
/** Up to here room for the longest UTF-8 there can be is cheaper than to ask first how long it is. */
const MIDDLING_CHARS = 16_384;
const MOST_BYTES_PER_CHAR = 3;
/** 2000-01-01, from which Postgres counts microseconds. */
const POSTGRES_EPOCH_MS = 946_684_800_000;
const TWO_TO_32 = 2 ** 32;

export function writeNull(target: FieldWriter): void {
  target.reserve(LENGTH_BYTES);
  putInt32(target, NULL_LENGTH);
}

/**
 * By type. Texts may be anything: NUL and lone surrogates, which Postgres cannot hold, become U+FFFD. JSON is written as
 * it is. Instants are ISO 8601, kept to the millisecond. A value that the type cannot hold throws RangeError.
 */
export const writers: Readonly<Record<FieldType, (target: FieldWriter, value: string | number) => void>> = {
  text: (target, value) => writeText(target, String(value)),
  jsonb: (target, value) => writeJson(target, String(value)),
  uuid: (target, value) => writeUuid(target, String(value)),
  timestamptz: (target, value) => writeInstant(target, String(value)),
  int4: (target, value) => writeInteger(target, Number(value)),
  float4: (target, value) => writeFloat(target, Number(value)),
};

function putInt32(target: FieldWriter, value: number): void {
  const { buffer } = target;
  let { at } = target;
  buffer[at++] = value >>> 24;
  buffer[at++] = value >>> 16;
  buffer[at++] = value >>> 8;
  buffer[at++] = value;
  target.at = at;
}

function writeText(target: FieldWriter, text: string): void {
  if (text.length <= SHORT_CHARS && writeShort(target, text)) return;
  const storable = storableText(text);
  const from = begin(target, roomFor(storable));
  target.at += target.buffer.write(storable, target.at);
  end(target, from);
}

const roomFor = (text: string): number =>
  text.length <= MIDDLING_CHARS ? MOST_BYTES_PER_CHAR * text.length : Buffer.byteLength(text);

/** Leaves out the length, which {@link end} puts there. */
function begin(target: FieldWriter, roomBytes: number): number {
  target.reserve(LENGTH_BYTES + roomBytes);
  return (target.at += LENGTH_BYTES);
}

function end(target: FieldWriter, from: number): void {
  const { at } = target;
  target.at = from - LENGTH_BYTES;
  putInt32(target, at - from);
  target.at = at;
}

/** False, and nothing is written, where a character is not plain ASCII. */
function writeShort(target: FieldWriter, text: string): boolean {
  target.reserve(LENGTH_BYTES + SHORT_CHARS);
  const { buffer, at } = target;
  const from = at + LENGTH_BYTES;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === 0 || unit > 0x7f) return false;
    buffer[from + index] = unit;
  }
  putInt32(target, text.length);
  target.at += text.length;
  return true;
}

function writeJson(target: FieldWriter, json: string): void {
  const from = begin(target, 1 + roomFor(json));
  target.buffer[target.at++] = JSONB_VERSION;
  target.at += target.buffer.write(json, target.at);
  end(target, from);
}

function writeUuid(target: FieldWriter, id: string): void {
  const isOne: boolean = isUuid(id);
  if (!isOne) throw new RangeError(`${id} is no UUID`);
  target.reserve(LENGTH_BYTES + UUID_BYTES);
  putInt32(target, UUID_BYTES);
  target.at += target.buffer.write(id.replaceAll("-", ""), target.at, "hex");
}

/** Microseconds since 2000 in 64 bits, half by half: a double holds them exactly for 285 years to either side. */
function writeInstant(target: FieldWriter, iso: string): void {
  const microseconds = (Date.parse(iso) - POSTGRES_EPOCH_MS) * 1_000;
  if (!Number.isSafeInteger(microseconds)) throw new RangeError(`${iso} is no instant`);
  const high = Math.floor(microseconds / TWO_TO_32);
  target.reserve(LENGTH_BYTES + 8);
  putInt32(target, 8);
  putInt32(target, high);
  putInt32(target, microseconds - high * TWO_TO_32);
}

function writeInteger(target: FieldWriter, value: number): void {
  if (value !== (value | 0)) throw new RangeError(`${value} is no integer of 32 bits`);
  target.reserve(LENGTH_BYTES + 4);
  putInt32(target, 4);
  putInt32(target, value);
}

function writeFloat(target: FieldWriter, value: number): void {
  target.reserve(LENGTH_BYTES + 4);
  putInt32(target, 4);
  target.at = target.buffer.writeFloatBE(value, target.at);
}

/** The way back, of a value that is not null. Texts, also those that hold a number, are texts; instants are ISO 8601. */
export const readers: Readonly<Record<FieldType, (bytes: Buffer, from: number, to: number) => string | number>> = {
  text: (bytes, from, to) => bytes.toString("utf8", from, to),
  jsonb: (bytes, from, to) => bytes.toString("utf8", from + 1, to),
  uuid: (bytes, from, to) => uuidOf(bytes.toString("hex", from, to)),
  timestamptz: (bytes, from) => new Date(Number(bytes.readBigInt64BE(from)) / 1_000 + POSTGRES_EPOCH_MS).toISOString(),
  int4: (bytes, from) => bytes.readInt32BE(from),
  float4: (bytes, from) => bytes.readFloatBE(from),
};

/** With its dashes, from its 32 digits. */
export const uuidOf = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
