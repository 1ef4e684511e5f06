import type { ClientError } from "../client/client-error.ts";
import { type Answer, post, readAnswer, unreachable } from "../client/post.ts";
import type { ServerAccess } from "../config/config.ts";
import { type ErrorCode, UptakeError } from "../domain/errors.ts";

/** Requests to an Uptake server. They reject with the {@link UptakeError} that the server states; where it states none, with `database_unavailable`. */
export type Connection = {
  /** One attempt, with JSON as its body. */
  post(path: string, json: string): Promise<unknown>;
  /** One attempt. What is undefined stays out of the query. */
  get(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<unknown>;
};

export type ConnectionOptions = ServerAccess & {
  readonly fetch: typeof fetch;
  /** For each request. */
  readonly timeoutMs: number;
};

export function createConnection({ url, key, fetch, timeoutMs }: ConnectionOptions): Connection {
  const authorization = key === null ? {} : { authorization: `Bearer ${key}` };

  async function ask(path: string): Promise<Answer> {
    try {
      return await readAnswer(
        await fetch(url + path, { headers: authorization, signal: AbortSignal.timeout(timeoutMs) }),
      );
    } catch (error) {
      return unreachable(url, error);
    }
  }

  return {
    async post(path, json) {
      return bodyOf(await post(path, json, { url, key: key ?? undefined, fetch, timeoutMs }, false));
    },
    async get(path, query = {}) {
      const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
      const search = new URLSearchParams(given).toString();
      return bodyOf(await ask(search === "" ? path : `${path}?${search}`));
    },
  };
}

function bodyOf(answer: Answer): unknown {
  if (answer.ok) return answer.body;
  const { error, isFinal, retryAfterMs } = answer;
  throw toUptakeError(error, { isTransient: !isFinal, retryAfterMs });
}

/** Codes of the client that say no more than that the server did not do its part. */
const SAYS_NOTHING: ReadonlySet<string> = new Set([
  "internal_error",
  "unreachable",
  "unexpected_answer",
  "queue_full",
  "closed",
]);

const isStated = (code: string): code is ErrorCode => !SAYS_NOTHING.has(code);

/** The same family and codes as with a database, so that a program need not know what it records into. */
export function toUptakeError(
  error: Pick<ClientError, "code" | "message"> & { readonly status?: number },
  facts: { readonly isTransient: boolean; readonly retryAfterMs: number } = { isTransient: false, retryAfterMs: 0 },
): UptakeError {
  const code = isStated(error.code) ? error.code : "database_unavailable";
  return new UptakeError(code, error.message, { facts: { ...facts, status: error.status ?? null } });
}

export const isTransient = (error: unknown): error is UptakeError =>
  error instanceof UptakeError && error.facts["isTransient"] === true;
