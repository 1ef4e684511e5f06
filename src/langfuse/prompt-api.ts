import { type PromptSelector, promptSelectorText } from "../domain/desk-settings.ts";
import { UptakeError } from "../domain/errors.ts";
import { PROMPTS_PATH } from "./otlp-attributes.ts";
import { parseObject } from "./send-answer.ts";

const ROLES = ["system", "user", "assistant"] as const;

/** One message of a chat prompt. */
export type LangfusePromptMessage = { readonly role: (typeof ROLES)[number]; readonly content: string };

/** One version of a prompt as Langfuse keeps it: a text, or the messages of a chat. */
export type LangfusePrompt = {
  readonly name: string;
  readonly version: number;
  readonly prompt: string | readonly LangfusePromptMessage[];
};

export type PromptReaderOptions = {
  /** Such as `https://cloud.langfuse.com`, without a path. */
  readonly baseUrl: string;
  readonly publicKey: string;
  readonly secretKey: string;
  readonly fetch: typeof globalThis.fetch;
  /** For the request, its answer included. */
  readonly timeoutMs: number;
};

/** Reads one prompt of Langfuse's prompt management. Throws `mirror_failed` that says what is wrong; never the keys. */
export function createPromptReader(
  options: PromptReaderOptions,
): (selector: PromptSelector) => Promise<LangfusePrompt> {
  const { publicKey, secretKey, fetch, timeoutMs } = options;
  const baseUrl = options.baseUrl.replace(/\/+$/, "");
  const authorization = `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString("base64")}`;
  return async (selector) => {
    const which = "label" in selector ? { label: selector.label } : { version: String(selector.version) };
    const path = `${PROMPTS_PATH}/${encodeURIComponent(selector.name)}?${new URLSearchParams(which).toString()}`;
    const failed = (problem: string, cause?: unknown) =>
      new UptakeError("mirror_failed", `prompt ${promptSelectorText(selector)} at ${baseUrl}: ${problem}`, {
        facts: { ...selector, baseUrl },
        cause,
      });
    const { status, body } = await ask(`${baseUrl}${path}`, { authorization, fetch, timeoutMs }).catch(
      (cause: unknown) => {
        throw failed("cannot be read; check LANGFUSE_BASE_URL and the network", cause);
      },
    );
    if (status === 404) throw failed("there is none; create it, or set that label on a version of it");
    if (status === 401 || status === 403) throw failed(`status ${status}; check the Langfuse keys`);
    if (status !== 200) throw failed(`status ${status}; try again later`);
    return readPrompt(parseObject(body)) ?? refuse(failed);
  };
}

async function ask(
  url: string,
  { authorization, fetch, timeoutMs }: Pick<PromptReaderOptions, "fetch" | "timeoutMs"> & { authorization: string },
): Promise<{ status: number; body: string }> {
  const response = await fetch(url, { headers: { authorization }, signal: AbortSignal.timeout(timeoutMs) });
  return { status: response.status, body: await response.text() };
}

function refuse(failed: (problem: string) => UptakeError): never {
  throw failed("is neither a text nor a chat of system, user and assistant messages without placeholders for messages");
}

function readPrompt(answer: Readonly<Record<string, unknown>> | undefined): LangfusePrompt | undefined {
  const { name, version, prompt } = answer ?? {};
  if (typeof name !== "string" || typeof version !== "number") return undefined;
  if (typeof prompt === "string") return { name, version, prompt };
  if (!Array.isArray(prompt)) return undefined;
  const messages = prompt.map(readMessage);
  const read = messages.flatMap((message) => message ?? []);
  return read.length === messages.length && read.length > 0 ? { name, version, prompt: read } : undefined;
}

function readMessage(value: unknown): LangfusePromptMessage | undefined {
  const { role, content } = Object(value) as Readonly<Record<string, unknown>>; // any value, read defensively
  const known = ROLES.find((name) => name === role);
  return known === undefined || typeof content !== "string" ? undefined : { role: known, content };
}
