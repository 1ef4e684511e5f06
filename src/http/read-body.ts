import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { Context } from "hono";
import { invalidInput, UptakeError } from "../domain/errors.ts";
import { parseJson } from "./json-scan.ts";

export type BodyLimits = {
  /** Of the body as it is after unpacking. */
  readonly maxBytes: number;
  /** How long a body may take to come. */
  readonly timeoutMs: number;
};

const unpack = promisify(gunzip);
const utf8 = new TextDecoder("utf-8", { fatal: true });
const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/iu;

/** The JSON that a request carries; undefined where it carries nothing. Throws what is wrong with it. */
export async function readJsonBody(context: Context, limits: BodyLimits): Promise<unknown> {
  const bytes = await readBytes(context, limits);
  if (bytes.length === 0) return undefined;
  requireJson(context.req.header("content-type"));
  const plain = await unpacked(bytes, context.req.header("content-encoding"), limits);
  let text: string;
  try {
    text = utf8.decode(plain);
  } catch {
    throw invalidInput("body", "is not UTF-8");
  }
  return parseJson(text);
}

function requireJson(type: string | undefined): void {
  if (type !== undefined && JSON_TYPE.test(type.trim())) return;
  const got = type === undefined ? "no content-type" : `content-type ${JSON.stringify(type.slice(0, 80))}`;
  throw new UptakeError("unsupported_media_type", `got ${got}; expected application/json, in UTF-8`);
}

async function unpacked(bytes: Buffer, encoding: string | undefined, { maxBytes }: BodyLimits): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? "identity";
  if (name === "identity" || name === "") return bytes;
  if (name !== "gzip") {
    const got = JSON.stringify(name.slice(0, 80));
    throw new UptakeError("unsupported_media_type", `got content-encoding ${got}; expected gzip or none`);
  }
  try {
    // Stops at the limit, so a few kilobytes cannot become gigabytes.
    return await unpack(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(maxBytes);
    throw invalidInput("body", "is no gzip, though content-encoding says so");
  }
}

const tooLarge = (maxBytes: number): UptakeError =>
  new UptakeError("too_large", `the body is larger than ${maxBytes} bytes, the most that is taken; send less at once`);

function readBytes(context: Context, limits: BodyLimits): Promise<Buffer> {
  const declared = Number(context.req.header("content-length") ?? 0);
  if (declared > limits.maxBytes) return Promise.reject(tooLarge(limits.maxBytes));
  const incoming = incomingOf(context);
  return incoming === undefined ? readRequest(context, limits) : readIncoming(incoming, limits);
}

/** Node's own request, where a server of Node's stands behind it. */
function incomingOf({ env }: Context): IncomingMessage | undefined {
  const incoming = (env as { readonly incoming?: IncomingMessage } | undefined)?.incoming;
  return incoming;
}

async function readRequest({ req }: Context, { maxBytes }: BodyLimits): Promise<Buffer> {
  const bytes = Buffer.from(await req.arrayBuffer());
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

/** Reads it by its events: the web's stream around it costs more than all the rest of a small request. */
function readIncoming(incoming: IncomingMessage, { maxBytes, timeoutMs }: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => {
      const late = `the body did not come within ${timeoutMs} ms; send it faster, or less at once`;
      end(() => reject(new UptakeError("request_timeout", late)));
    }, timeoutMs);
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) end(() => reject(tooLarge(maxBytes)));
    };
    const onEnd = (): void => end(() => resolve(Buffer.concat(chunks, size)));
    const onGone = (): void => end(() => reject(invalidInput("body", "ended before it was whole")));
    function end(settle: () => void): void {
      clearTimeout(timer);
      incoming.off("data", onData).off("end", onEnd).off("close", onGone).off("error", onGone);
      settle();
    }
    incoming.on("data", onData).on("end", onEnd).on("close", onGone).on("error", onGone);
  });
}
