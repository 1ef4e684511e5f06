import type { CostOf } from "../../domain/prices.ts";
import type { HandMade } from "../../track/by-hand.ts";
import { isObject, textOf } from "../../track/model-answer.ts";
import { openModelCall } from "../model-call.ts";
import { describeRequest } from "./request.ts";

/** What answers a path, and what Uptake calls it. */
const CALLS = {
  "/chat/completions": { type: "generation", name: "openai.chat.completions.create" },
  "/responses": { type: "generation", name: "openai.responses.create" },
  "/embeddings": { type: "embedding", name: "openai.embeddings.create" },
} as const;

/** One call to the model inside a tracked run. */
export type Call = {
  readonly observation: HandMade;
  readonly isEmbedding: boolean;
  readonly costOf: CostOf | undefined;
};

/** Opens the observation of a request; undefined where there is none to make. */
export function openCall(path: string, request: unknown, costOf: CostOf | undefined): Call | undefined {
  if (!isPath(path)) return undefined;
  const observation = openModelCall(CALLS[path]);
  if (observation === undefined) return undefined;
  const describe = (made: unknown): void => {
    const body = isObject(made) ? made["body"] : undefined;
    if (isObject(body)) observation.update(() => ({ model: textOf(body["model"]), ...describeRequest(body) }));
  };
  // Version 7 makes its requests of promises; what keeps one from being made is then the call's error.
  if (request instanceof Promise) request.then(describe, () => {});
  else describe(request);
  return { observation, isEmbedding: CALLS[path].type === "embedding", costOf };
}

const isPath = (path: string): path is keyof typeof CALLS => Object.hasOwn(CALLS, path);
