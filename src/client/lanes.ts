import { ClientError } from "./client-error.ts";
import { refusalOf } from "./post.ts";
import type { Lane } from "./queue.ts";

type Result =
  | ({ readonly ok: true } & object)
  | { readonly ok: false; readonly error: Parameters<typeof refusalOf>[0] };

/** A route that takes a list, and answers with a result for each. */
function listLane(kind: "suggestion" | "feedback", path: string): Lane {
  return {
    kind,
    maxBatch: 100,
    request: (items) => ({ path, json: `[${items.join(",")}]` }),
    results(body, count) {
      const { results } = body as { readonly results?: readonly Result[] };
      return Array.from({ length: count }, (_, i) => {
        const result = results?.[i];
        if (result === undefined) return new ClientError("unexpected_answer", "the answer has no result for it", 200);
        if (!result.ok) return refusalOf(result.error);
        const { ok: _ok, ...receipt } = result;
        return receipt;
      });
    },
  };
}

/** A route that takes one; the body is the answer. */
const oneLane = (kind: "sent" | "shown", pathOf: (json: string) => { path: string; json: string }): Lane => ({
  kind,
  maxBatch: 1,
  request: ([json = "{}"]) => pathOf(json),
  results: (body) => [body],
});

export const suggestionLane = listLane("suggestion", "/v1/suggestions");
export const feedbackLane = listLane("feedback", "/v1/feedback");
export const sentLane = oneLane("sent", (json) => ({ path: "/v1/sent", json }));
export const shownLane = oneLane("shown", (json) => {
  const { suggestionId, ...body } = JSON.parse(json) as { readonly suggestionId: string };
  return { path: `/v1/suggestions/${encodeURIComponent(suggestionId)}/shown`, json: JSON.stringify(body) };
});
