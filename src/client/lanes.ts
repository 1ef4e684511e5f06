import { problemOf } from "./post.ts";
import type { Lane } from "./queue.ts";

/** A route that takes a list, and answers with a result for each. */
function listLane(kind: "suggestion" | "feedback", path: string): Lane {
  return {
    kind,
    maxBatch: 100,
    request: (items) => ({ path, json: `[${items.join(",")}]` }),
    results(body, count) {
      // As the contract has it; what somebody else has answered may be anything.
      const { results } = body as { readonly results?: readonly ({ readonly ok?: boolean } | null)[] | null };
      return Array.from({ length: count }, (_, i) => {
        const { ok, ...said } = results?.[i] ?? { error: { message: "the answer has no result for it" } };
        return ok === true ? said : problemOf(said, 200);
      });
    },
  };
}

/** A route that takes one; the body is its receipt, and has this field. */
const oneLane = (
  kind: "sent" | "shown",
  field: string,
  pathOf: (json: string) => { path: string; json: string },
): Lane => ({
  kind,
  maxBatch: 1,
  request: ([json = "{}"]) => pathOf(json),
  results: (body) => [field in body ? body : problemOf({ error: { message: "the answer is no receipt" } }, 200)],
});

export const suggestionLane = listLane("suggestion", "/v1/suggestions");
export const feedbackLane = listLane("feedback", "/v1/feedback");
export const sentLane = oneLane("sent", "recorded", (json) => ({ path: "/v1/sent", json }));
export const shownLane = oneLane("shown", "shownAt", (json) => {
  const { suggestionId, ...body } = JSON.parse(json) as { readonly suggestionId: string };
  return { path: `/v1/suggestions/${encodeURIComponent(suggestionId)}/shown`, json: JSON.stringify(body) };
});
