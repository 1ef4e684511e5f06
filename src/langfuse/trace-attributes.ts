import type { TraceLevel } from "../domain/trace-source.ts";
import { normalizeEnvironment } from "./environment.ts";
import { ATTRIBUTE } from "./otlp-attributes.ts";
import type { OtlpAttribute } from "./otlp-types.ts";
import { attributesOf, textOf } from "./otlp-value.ts";

/** Shown where a host's row does not say which agent function it came from. */
const UNKNOWN_FUNCTION = "unknown-function";

export const functionNameOf = ({ functionName }: Pick<TraceLevel, "functionName">): string =>
  functionName ?? UNKNOWN_FUNCTION;

/**
 * The attributes that every span of a suggestion carries, those of its feedback included. `tags` are what the
 * suggestion's metadata has under that name; the agent function is always the first tag.
 */
export function traceAttributes(level: TraceLevel, tags: unknown): OtlpAttribute[] {
  const functionName = functionNameOf(level);
  return attributesOf([
    [ATTRIBUTE.traceName, functionName],
    [ATTRIBUTE.sessionId, level.ticketId],
    [ATTRIBUTE.userId, level.systemUserId],
    [ATTRIBUTE.traceTags, [...new Set([functionName, ...tagsIn(tags)])]],
    [ATTRIBUTE.environment, normalizeEnvironment(level.environment)],
    [ATTRIBUTE.release, level.release],
    [ATTRIBUTE.version, level.promptVersion],
    [`${ATTRIBUTE.traceMetadata}.suggestionId`, level.suggestionId],
    [`${ATTRIBUTE.traceMetadata}.ticketId`, level.ticketId],
    [`${ATTRIBUTE.traceMetadata}.messageId`, level.messageId],
    [`${ATTRIBUTE.traceMetadata}.confidence`, textOf(level.confidenceScore)],
    [`${ATTRIBUTE.traceMetadata}.status`, level.status],
  ]);
}

/** A list of texts is tags; anything else that somebody keeps under that name is not. */
function tagsIn(tags: unknown): string[] {
  return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === "string" && tag.trim() !== "") : [];
}
