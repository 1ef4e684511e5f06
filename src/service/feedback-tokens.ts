import { createHmac, hash, timingSafeEqual } from "node:crypto";

/** What a token lets its holder speak about. */
export type TokenSubject = { readonly projectId: string; readonly suggestionId: string };

export type FeedbackTokens = {
  /** A token for one suggestion; null where no secret is set. */
  issue(this: void, subject: TokenSubject): string | null;
  /** Undefined for one that is not ours, was altered, is over, or whose secret was taken out of use. */
  read(this: void, token: string): TokenSubject | undefined;
};

export type TokenSettings = {
  /** The first signs, all are taken. */
  readonly secrets: readonly string[];
  /** Null: as long as the secret. */
  readonly lifetimeMs: number | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

const PREFIX = "ft-up-";

// Version, which secret, until when (seconds), suggestion; then the project as UTF-8, and the signature over all of it.
const VERSION = 1;
const SECRET_ID_AT = 1;
const EXPIRY_AT = 5;
const SUGGESTION_AT = 9;
const PROJECT_AT = 25;
/** Half of SHA-256: nobody guesses 128 bits over a network. */
const SIGNATURE_BYTES = 16;
const NEVER = 0xffff_ffff;

type Key = { readonly id: number; readonly signing: Buffer };

/** Keys for this purpose alone: the same secret used elsewhere gives nothing away here. */
const keyOf = (secret: string): Key => ({
  id: Buffer.from(hash("sha256", `uptake feedback token id ${secret}`, "hex"), "hex").readUInt32BE(0),
  signing: createHmac("sha256", secret).update("uptake feedback token 1").digest(),
});

/** Signed, and not stored: whoever holds a token needs no look-up, and a dump of the database holds none. */
export function createFeedbackTokens({ secrets, lifetimeMs, now }: TokenSettings): FeedbackTokens {
  const keys = secrets.map(keyOf);
  const [first] = keys;
  return {
    issue({ projectId, suggestionId }) {
      if (first === undefined) return null;
      const project = Buffer.from(projectId);
      const bytes = Buffer.alloc(PROJECT_AT + project.length + SIGNATURE_BYTES);
      bytes.writeUInt8(VERSION, 0);
      bytes.writeUInt32BE(first.id, SECRET_ID_AT);
      bytes.writeUInt32BE(expiryOf(lifetimeMs, now()), EXPIRY_AT);
      bytes.write(suggestionId.replaceAll("-", ""), SUGGESTION_AT, "hex");
      project.copy(bytes, PROJECT_AT);
      sign(bytes, first).copy(bytes, bytes.length - SIGNATURE_BYTES);
      return PREFIX + bytes.toString("base64url");
    },
    read(token) {
      if (!token.startsWith(PREFIX)) return undefined;
      const bytes = Buffer.from(token.slice(PREFIX.length), "base64url");
      if (bytes.length <= PROJECT_AT + SIGNATURE_BYTES || bytes.readUInt8(0) !== VERSION) return undefined;
      const secretId = bytes.readUInt32BE(SECRET_ID_AT);
      const key = keys.find(({ id }) => id === secretId);
      if (key === undefined) return undefined;
      if (!timingSafeEqual(sign(bytes, key), bytes.subarray(-SIGNATURE_BYTES))) return undefined;
      if (bytes.readUInt32BE(EXPIRY_AT) * 1_000 <= now()) return undefined;
      return {
        projectId: bytes.toString("utf8", PROJECT_AT, bytes.length - SIGNATURE_BYTES),
        suggestionId: uuidOf(bytes.toString("hex", SUGGESTION_AT, PROJECT_AT)),
      };
    },
  };
}

/** In seconds; what ends after the field does (in 2106) is taken as long as the secret. */
const expiryOf = (lifetimeMs: number | null, now: number): number =>
  lifetimeMs === null ? NEVER : Math.min(NEVER, Math.floor((now + lifetimeMs) / 1_000));

const sign = (bytes: Buffer, { signing }: Key): Buffer =>
  createHmac("sha256", signing).update(bytes.subarray(0, -SIGNATURE_BYTES)).digest().subarray(0, SIGNATURE_BYTES);

const uuidOf = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, "$1-$2-$3-$4-$5");
