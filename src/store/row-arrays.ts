import type { FieldType } from "../domain/binary-field.ts";

// Rows of binary fields as the parameters of one statement: Postgres' binary arrays (`array_recv` in the server's
// arrayfuncs.c), one for each field: int32 dimensions, int32 whether a null is in it, int32 type of the elements, int32
// count, int32 first index; then the elements, which are the fields as they are. `pg` sends bytes as a binary parameter.
// docs/decisions/0014 says what that saves.

/** Fields of a row, one behind the other, between `from` and `to`. */
export type FieldRow = { readonly bytes: Buffer; readonly from: number; readonly to: number };

const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
/** Up to here a loop is cheaper than a call of the native copy. */
const SHORT_BYTES = 48;

/** How Postgres knows the types. */
const oids: Readonly<Record<FieldType, number>> = {
  uuid: 2950,
  text: 25,
  jsonb: 3802,
  timestamptz: 1184,
  int4: 23,
  float4: 700,
};

/**
 * One parameter for each field, for `unnest($1::uuid[], $2::text[], …)`. Nothing is encoded anew: the fields' bytes are
 * put in another order.
 */
export function arraysOf(rows: readonly FieldRow[], types: readonly FieldType[]): Uint8Array[] {
  const { byteCounts, hasNull } = measure(rows, types.length);
  const all = Buffer.allocUnsafe(byteCounts.reduce((sum, byteCount) => sum + byteCount, 0));
  const arrays: Buffer[] = [];
  /** Where the next element of each array goes. */
  const places: number[] = [];
  let at = 0;
  for (const [field, type] of types.entries()) {
    all.writeInt32BE(1, at);
    all.writeInt32BE(hasNull[field] === true ? 1 : 0, at + 4);
    all.writeInt32BE(oids[type], at + 8);
    all.writeInt32BE(rows.length, at + 12);
    all.writeInt32BE(1, at + 16);
    places.push(at + HEADER_BYTES);
    const end = at + (byteCounts[field] ?? 0);
    arrays.push(all.subarray(at, end));
    at = end;
  }
  for (const row of rows) scatter(row, all, places);
  return arrays;
}

type Measured = { readonly byteCounts: number[]; readonly hasNull: boolean[] };

function measure(rows: readonly FieldRow[], fieldCount: number): Measured {
  const byteCounts = Array.from({ length: fieldCount }, () => HEADER_BYTES);
  const hasNull = Array.from({ length: fieldCount }, () => false);
  for (const { bytes, from, to } of rows) {
    let at = from;
    for (let field = 0; field < fieldCount; field++) {
      const length = lengthAt(bytes, at);
      if (length < 0) hasNull[field] = true;
      const elementBytes = LENGTH_BYTES + Math.max(length, 0);
      byteCounts[field] = (byteCounts[field] ?? 0) + elementBytes;
      at += elementBytes;
    }
    if (at !== to) throw new RangeError(`a row does not have ${fieldCount} fields`);
  }
  return { byteCounts, hasNull };
}

/** Copies each field to its array. */
function scatter({ bytes, from }: FieldRow, all: Buffer, places: number[]): void {
  let at = from;
  for (let field = 0; field < places.length; field++) {
    const place = places[field] ?? 0;
    const elementBytes = LENGTH_BYTES + Math.max(lengthAt(bytes, at), 0);
    if (elementBytes > SHORT_BYTES) bytes.copy(all, place, at, at + elementBytes);
    else for (let index = 0; index < elementBytes; index++) all[place + index] = bytes[at + index] ?? 0;
    places[field] = place + elementBytes;
    at += elementBytes;
  }
}

const lengthAt = (bytes: Buffer, at: number): number =>
  ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
