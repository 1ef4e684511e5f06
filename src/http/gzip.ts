import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { MiddlewareHandler } from "hono";

const pack = promisify(gzip);

/** Below it a packet is sent either way. */
const WORTH_BYTES = 1_400;
const PACKABLE = /^(?:application\/json|text\/(?:html|plain))/iu;
/** Three quarters of what the default saves, at a third of its time. */
const OPTIONS = { level: constants.Z_BEST_SPEED };

/** Packs answers that are worth it, for whoever takes them packed. Streams are left as they are. */
export const packed: MiddlewareHandler = async (context, next) => {
  await next();
  if (!/\bgzip\b/iu.test(context.req.header("accept-encoding") ?? "")) return;
  const { res } = context;
  if (res.body === null || !PACKABLE.test(res.headers.get("content-type") ?? "")) return;
  const plain = Buffer.from(await res.arrayBuffer());
  const headers = new Headers(res.headers);
  headers.append("vary", "accept-encoding");
  headers.delete("content-length");
  const isWorth = plain.length >= WORTH_BYTES;
  if (isWorth) headers.set("content-encoding", "gzip");
  // Cleared first: Hono would else merge the old answer's headers into the new one's.
  context.res = undefined;
  context.res = new Response(isWorth ? new Uint8Array(await pack(plain, OPTIONS)) : new Uint8Array(plain), {
    status: res.status,
    headers,
  });
};
