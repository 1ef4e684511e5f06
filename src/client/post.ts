import { ClientError, type ClientErrorCode } from "./client-error.ts";

export type PostOptions = {
  /** Of the server, without a slash at its end. */
  readonly url: string;
  /** A secret key or a feedback token. */
  readonly key: string | undefined;
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
};

/** An answer, or what stands in its place; `isFinal` where asking again would change nothing. */
export type Answer =
  | { readonly ok: true; readonly body: object }
  | { readonly ok: false; readonly error: ClientError; readonly isFinal: boolean; readonly retryAfterMs: number };

/** How much a browser lets through after its page has gone, for all requests together (Fetch standard: 64 KiB). */
export const KEEPALIVE_BYTES = 60_000;

/** Sends JSON. Never throws; `keepalive` lets the request outlive the page. */
export async function post(path: string, json: string, options: PostOptions, keepalive: boolean): Promise<Answer> {
  try {
    const response = await options.fetch(options.url + path, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
      },
      body: json,
      credentials: "omit",
      keepalive,
      signal: AbortSignal.timeout(options.timeoutMs),
    });
    return await readAnswer(response);
  } catch (error) {
    return unreachable(options.url, error);
  }
}

/** No answer came, or not all of it. */
export function unreachable(url: string, error: unknown): Answer {
  const why = error instanceof Error ? error.message : String(error);
  return retry(new ClientError("unreachable", `${url} does not answer: ${why}`), 0);
}

const retry = (error: ClientError, retryAfterMs: number): Answer => ({
  ok: false,
  error,
  isFinal: false,
  retryAfterMs,
});

/** Throws where the answer breaks off. */
export async function readAnswer(response: Response): Promise<Answer> {
  const { status } = response;
  // An answer that breaks off says nothing of what was recorded: it throws here, and is asked for again.
  const text = await response.text();
  const body = parsed(text);
  if (response.ok && body !== undefined) return { ok: true, body };
  const error = problemOf(body, status);
  if (status !== 429 && status !== 408 && status < 500 && !response.ok)
    return { ok: false, error, isFinal: true, retryAfterMs: 0 };
  return retry(error, waitOf(response.headers.get("retry-after")));
}

type Said = { readonly code?: ClientErrorCode; readonly message?: string; readonly details?: readonly string[] };
type Body = { readonly error?: Said };

/** All that Uptake answers is an object; what is none comes from somebody in between. */
function parsed(text: string): Body | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

/** Retry-After in both of its forms, in milliseconds (RFC 9110, 10.2.3). */
function waitOf(header: string | null): number {
  if (header === null) return 0;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return ms > 0 ? ms : 0;
}

/** What the server says is wrong; a proxy in between says it in its own way. */
export function problemOf(body: Body | undefined, status: number): ClientError {
  const { code, message, details } = body?.error ?? {};
  return new ClientError(code ?? "unexpected_answer", message ?? `answered with status ${status}`, status, details);
}
