import { createHash, hash, randomFillSync } from "node:crypto";
import { v7 } from "uuid";

/** Namespace of our name-based ids (RFC 9562 version 5); a constant, so that the same input gives the same id anywhere. */
const SCORE_NAMESPACE = Buffer.from("6f2f8ed26f0e5d5c9c8a0d7a3ad6c1b4", "hex");

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const OBSERVATION_ID = /^[0-9a-f]{16}$/;

// Random bytes for many ids at once: asking for sixteen costs about as much as asking for four thousand.
const BYTES_PER_ID = 16;
const pool = new Uint8Array(256 * BYTES_PER_ID);
let poolAt = pool.length;
let lastMs = 0;
let sequence = 0;

/** A new suggestion or feedback id: UUID version 7, so ids sort by time; those of one process in the order of their making. */
export function newId(): string {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const random = pool.subarray(poolAt, poolAt + BYTES_PER_ID);
  poolAt += BYTES_PER_ID;
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    // Starts low, so that there is room to count up within the millisecond.
    sequence = ((random[6] ?? 0) << 16) | ((random[7] ?? 0) << 8) | (random[8] ?? 0);
  } else {
    sequence += 1;
  }
  return v7({ msecs: lastMs, seq: sequence, random });
}

export const isUuid = (value: unknown): value is string => typeof value === "string" && UUID.test(value);

/** The trace id of a suggestion: its UUID without dashes, 32 lower-case hex digits. Nobody has to look it up. */
export const traceIdOf = (suggestionId: string): string => suggestionId.replaceAll("-", "").toLowerCase();

/** The id of a trace's index-th observation (0 = root): the first 16 hex digits of SHA-256 of `traceId:index`. */
export const observationIdOf = (traceId: string, index: number): string =>
  hash("sha256", `${traceId}:${index}`, "hex").slice(0, 16);

/** Tells an observation's id from a score's, which is a UUID. */
export const isObservationId = (id: string): boolean => OBSERVATION_ID.test(id);

/** The id of one score of a feedback event: UUID version 5 of `feedbackId:name`. Same input, same id, any number of times. */
export const scoreIdOf = (feedbackId: string, name: string): string => nameBasedUuid(`${feedbackId}:${name}`);

/** The id of a feedback event's own observation: the first 16 hex digits of SHA-256 of `feedbackId:human-feedback`. */
export const feedbackObservationIdOf = (feedbackId: string): string =>
  hash("sha256", `${feedbackId}:human-feedback`, "hex").slice(0, 16);

/** A name-based id (UUID version 5) for a thing that has a natural key, such as an imported conversation's ticket. */
export const namedId = (...parts: readonly string[]): string => nameBasedUuid(JSON.stringify(parts));

/**
 * UUID version 5 (RFC 9562, 5.5): SHA-1 of namespace and name, with six bits overwritten. A feedback event takes ten of
 * them, and one call of the hash is a quarter of what the package's `v5` takes.
 */
function nameBasedUuid(name: string): string {
  const bytes = Buffer.allocUnsafe(SCORE_NAMESPACE.length + Buffer.byteLength(name));
  SCORE_NAMESPACE.copy(bytes);
  bytes.write(name, SCORE_NAMESPACE.length);
  const hex = hash("sha1", bytes, "hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0b0011) | 0b1000).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * A suggestion id that is the same for the same moment and key: UUID version 7 layout, its random bits taken from
 * SHA-256 of the key. Lets an import run twice without creating anything twice, and keeps ids in time order.
 */
export function repeatableId(createdAt: Date, key: string): string {
  const random = createHash("sha256").update(key).digest().subarray(0, 16);
  return v7({ msecs: createdAt.getTime(), random, seq: random.readUInt32BE(0) >>> 1 });
}
