import type { Config } from "../config/config.ts";
import { createFeedbackTokens } from "../service/feedback-tokens.ts";
import type { TokenOf } from "../track/run-api.ts";

/** Undefined where no secret is set: then suggestions have no feedback token. */
export function tokenMaker({ feedbackTokens, projectId }: Config): TokenOf | undefined {
  if (feedbackTokens.secrets.length === 0) return undefined;
  const { issue } = createFeedbackTokens({ ...feedbackTokens, now: Date.now });
  return (suggestionId) => issue({ projectId, suggestionId }) ?? "";
}
