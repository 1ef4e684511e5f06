import type { HandMadeUpdate } from "../../track/by-hand.ts";
import { isObject, textOf } from "../../track/model-answer.ts";
import type { Attributes, OtelContext } from "./otel-types.ts";

/** What `propagateAttributes` of Langfuse's SDK says of all that happens in it. */
export type Propagated = { readonly traceMetadata: Attributes; readonly prompt: HandMadeUpdate["prompt"] };

const keyOf = (name: string): symbol => Symbol.for(`langfuse_${name}`);
const USER = keyOf("user_id");
const SESSION = keyOf("session_id");
const TAGS = keyOf("tags");
const METADATA = keyOf("metadata");
const PROMPT_NAME = keyOf("prompt_name");
const PROMPT_VERSION = keyOf("prompt_version");

/** Langfuse's SDK leaves it in the context, for Langfuse's own processor to stamp on every span. */
export function readPropagated(context: OtelContext): Propagated {
  const metadata = context.getValue(METADATA);
  const said: Record<string, unknown> = {
    ...(isObject(metadata) && metadata),
    tags: context.getValue(TAGS),
    user_id: context.getValue(USER),
    session_id: context.getValue(SESSION),
  };
  const name = textOf(context.getValue(PROMPT_NAME));
  const version = context.getValue(PROMPT_VERSION);
  const isVersion = typeof version === "number" || typeof version === "string";
  return {
    traceMetadata: Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
    prompt: name !== undefined && isVersion ? { name, version } : undefined,
  };
}
