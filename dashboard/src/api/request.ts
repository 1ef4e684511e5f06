import { Problem } from "./problem.ts";

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** The path with its query; what is null, undefined or empty is left out. */
export function pathWith(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

type Sent = { readonly method: "POST" | "DELETE"; readonly body?: unknown };

/** Asks our own server for JSON. Throws {@link Problem}: its own words where it has any, `offline` where none came. */
export async function request<Answer>(path: string, signal?: AbortSignal, sent?: Sent): Promise<Answer> {
  const response = await answerTo(path, signal, sent);
  const body: unknown = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw problemOf(body, response.status);
  // The contract's types say what our own server answers; a browser has no need to check it again.
  return body as Answer;
}

async function answerTo(path: string, signal: AbortSignal | undefined, sent: Sent | undefined): Promise<Response> {
  try {
    return await fetch(path, {
      ...(sent === undefined
        ? {}
        : {
            method: sent.method,
            headers: { "content-type": "application/json" },
            body: JSON.stringify(sent.body ?? {}),
          }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new Problem("offline", "The server does not answer. It is asked again by itself.", 0);
  }
}

function problemOf(body: unknown, status: number): Problem {
  const said = typeof body === "object" && body !== null && "error" in body ? body.error : null;
  const { code, message } = typeof said === "object" && said !== null ? (said as Record<string, unknown>) : {};
  return new Problem(
    typeof code === "string" ? code : "unexpected_answer",
    typeof message === "string" ? message : `The server answered with status ${status}.`,
    status,
  );
}
