import type { CostOf } from "../../domain/prices.ts";
import { openCall } from "./call.ts";
import { followPromise } from "./follow-promise.ts";

export type ObserveOpenAIOptions = {
  /** Your price list for this client. Where it does not know a price, the one of `createUptake` does, or nobody (docs/costs.md). */
  readonly costUsd?: CostOf | undefined;
};

/** The part of an official client that matters here: `OpenAI`, `AzureOpenAI` and what is derived from them. */
export type OpenAIClient = {
  post(path: string, options?: never): unknown;
  withOptions(options: never): unknown;
};

type Post = (path: string, options?: unknown) => unknown;
type WithOptions = (options: unknown) => OpenAIClient;

const observed = new WeakSet<object>();

/**
 * Makes the client's calls observations of the tracked run they are made in: chat completions, responses (both also
 * as streams, with tools, through `parse`, `stream` and `runTools`) and embeddings. Outside of tracked runs nothing is
 * recorded. Results, errors, streams and helpers stay as they are, and so does the client: it is the very one that was
 * given, with one method laid over. Inside of `run.generate`, whose generation reads the answer itself, nothing is added.
 *
 * @example
 * const openai = observeOpenAI(new OpenAI());
 * const draftReply = uptake.track("draft-reply", async (input: { question: string }, run) => {
 *   const messages = [{ role: "user" as const, content: input.question }];
 *   const completion = await openai.chat.completions.create({ model: "gpt-4.1-mini", messages });
 *   return run.suggest(completion.choices[0]?.message.content ?? "");
 * });
 */
export function observeOpenAI<Client extends OpenAIClient>(client: Client, options: ObserveOpenAIOptions = {}): Client {
  if (observed.has(client)) return client;
  observed.add(client);
  const post = client.post.bind(client) as Post;
  const withOptions = client.withOptions.bind(client) as WithOptions;
  layOver(client, "post", (path: string, request?: unknown) => {
    const call = openCall(path, request, options.costUsd);
    return call === undefined ? post(path, request) : followPromise(() => post(path, request), call);
  });
  layOver(client, "withOptions", (changed: unknown) => observeOpenAI(withOptions(changed), options));
  return client;
}

/** Out of sight of `Object.keys`, as the method itself is. */
function layOver(client: object, name: string, value: unknown): void {
  Object.defineProperty(client, name, { value, configurable: true, writable: true, enumerable: false });
}
