/**
 * What became of one request to Langfuse, in the ways that ask for different things next:
 *
 * - `accepted`: Langfuse has it; `rejected` names the events of a batch that it refused for good, with the reason
 * - `refused`: an answer that sending the same again will not change (4xx); nothing of it was stored. `aboutContent`: what
 *   was sent is to blame, and not the keys or the address
 * - `unavailable`: certainly not stored; send again, after `retryAfterMs` if Langfuse said so
 * - `unsure`: sent, but no answer that tells; it may be stored, so read back before sending spans again
 *
 * And `withheld`: it was not sent, since its sender might not send it any more.
 */
export type SendAnswer = Answered | Withheld;

/** Of a request that nothing held back. */
export type Answered = { readonly kind: "accepted"; readonly rejected: ReadonlyMap<string, string> } | SendFailure;

export type Withheld = { readonly kind: "withheld" };

export type SendFailure =
  | { readonly kind: "refused"; readonly status: number; readonly aboutContent: boolean; readonly message: string }
  | { readonly kind: "unavailable"; readonly message: string; readonly retryAfterMs?: number }
  | { readonly kind: "unsure"; readonly message: string };

/**
 * Errors that happen before a request is written: name not found, no connection, no trust. Everything else (reset,
 * closed socket, time-out) may come after Langfuse has read the request.
 */
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "ERR_INVALID_URL",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** A gateway gives these when it lost sight of a request that it had passed on; Langfuse may have it. */
const LOST_BY_GATEWAY = new Set([502, 504]);

/** System calls that come before anything is written. */
const BEFORE_SENDING = new Set(["connect", "getaddrinfo"]);

/** What an exception of `fetch` says about whether the request was sent. */
export function answerToError(error: unknown, what: string): SendFailure {
  const causes = causesOf(error);
  const notSent =
    causes.length > 0 && causes.every(({ code, syscall }) => NOT_SENT.has(code) || BEFORE_SENDING.has(syscall));
  const message = `${what}: ${describe(error, causes)}`;
  return notSent ? { kind: "unavailable", message } : { kind: "unsure", message };
}

/** What a status other than 2xx says. `now` is needed for a Retry-After given as a date. */
export function answerToStatus(
  response: { readonly status: number; readonly headers: Headers },
  body: string,
  at: { readonly what: string; readonly baseUrl: string; readonly now: number },
): SendFailure {
  const { status } = response;
  const message = `${at.what} answered ${status}${reasonIn(body)}`;
  if (LOST_BY_GATEWAY.has(status)) return { kind: "unsure", message };
  if (status === 429 || status === 408 || status >= 500) {
    const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), at.now);
    return { kind: "unavailable", message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  const aboutContent = isAboutContent(status, body);
  const remedy = aboutContent ? "" : remedyFor(status, at.baseUrl, response.headers);
  return { kind: "refused", status, aboutContent, message: message + remedy };
}

/** Milliseconds to wait by a Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3); undefined if it says neither. */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Langfuse says in JSON what it does not like. Only 413 may come from a proxy in front of it; another page's 400 says nothing. */
function isAboutContent(status: number, body: string): boolean {
  return status === 413 || ((status === 400 || status === 422) && parseObject(body) !== undefined);
}

function remedyFor(status: number, baseUrl: string, headers: Headers): string {
  if (status === 401 || status === 403) {
    return (
      `; check that LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY belong to one project ` +
      `and that LANGFUSE_BASE_URL (${baseUrl}) is where that project lives`
    );
  }
  if (status >= 300 && status < 400) {
    return `; it points to ${headers.get("location") ?? "another place"}: set LANGFUSE_BASE_URL (${baseUrl}) to that`;
  }
  return status === 400 || status === 404 || status === 422
    ? `; check LANGFUSE_BASE_URL (${baseUrl}): Langfuse 4, or 3.22 and later, is expected there`
    : "";
}

const MAX_REASON_CHARS = 500;

/** The reason in an error body, short; Langfuse uses `message` and `error`, a proxy sends a page. */
export function reasonIn(body: string): string {
  const text = body.trim();
  if (text === "" || text.startsWith("<")) return "";
  const parsed = parseObject(text);
  const said = [parsed?.["message"], parsed?.["error"]].filter((part) => typeof part === "string" && part !== "");
  return `: ${(said.length > 0 ? said.join(": ") : text).slice(0, MAX_REASON_CHARS)}`;
}

/** The JSON object that a body holds, or undefined. */
export function parseObject(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    // Narrowed to a JSON object on the line itself.
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

type Cause = { readonly code: string; readonly syscall: string };

/** The causes underneath: `fetch` wraps them, and trying several addresses gives one for each. */
function causesOf(error: unknown): Cause[] {
  if (!(error instanceof Error)) return [];
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.flatMap(causesOf);
  if (error.cause !== undefined) return causesOf(error.cause);
  if (!("code" in error) || typeof error.code !== "string") return [];
  return [{ code: error.code, syscall: "syscall" in error ? String(error.syscall) : "" }];
}

function describe(error: unknown, causes: readonly Cause[]): string {
  if (error instanceof Error && error.name === "TimeoutError") return "no answer in time";
  if (causes.length > 0) return [...new Set(causes.map(({ code }) => code))].join(", ");
  return error instanceof Error ? error.message : String(error);
}
