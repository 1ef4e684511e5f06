import { feedbackReceipt, feedbackResults } from "../../contract/feedback-receipt.ts";
import { newFeedback, newFeedbacks } from "../../contract/new-feedback.ts";
import { MAX_ITEMS } from "../../contract/primitives.ts";
import { eachGood, parseOneOrMany } from "../parse.ts";
import { refusalOf } from "../problem.ts";
import { answer, type Route } from "../route.ts";
import type { HttpServices } from "../services.ts";
import { onlyOwnSuggestion } from "../token-scope.ts";

/** `POST /v1/feedback` */
export const recordFeedback = (services: Pick<HttpServices, "takeFeedback">): Route => ({
  method: "post",
  path: "/v1/feedback",
  operationId: "recordFeedback",
  summary: "Record what people said about suggestions",
  description: `One act, or a list of up to ${MAX_ITEMS}, whose good ones are committed in one transaction. A changed mind is a new event; the newest one decides.`,
  scopes: ["feedback", "write"],
  body: { schema: newFeedbacks },
  answers: {
    200: {
      description: "One event that was there already, or a list, all of which are committed",
      schema: feedbackReceipt.or(feedbackResults),
    },
    201: { description: "One event, now committed", schema: feedbackReceipt },
    207: { description: "A list, some of which were refused", schema: feedbackResults },
  },
  problems: [404],
  async handle(call) {
    const { projectId } = call.caller;
    const { isList, items } = parseOneOrMany(newFeedback, call.body, { name: "feedback", max: MAX_ITEMS });
    const results = await eachGood(items, (good) => {
      for (const { given, place } of good) onlyOwnSuggestion(call.caller, given.suggestionId, `${place}.suggestionId`);
      return services.takeFeedback(projectId, good);
    });
    const [first] = results;
    if (!isList && first !== undefined) {
      if (!first.ok) throw first.error;
      return answer(call, feedbackReceipt, first.receipt, first.receipt.created ? 201 : 200);
    }
    const told = results.map((one) =>
      one.ok ? { ok: true as const, ...one.receipt } : { ok: false as const, error: refusalOf(one.error) },
    );
    return answer(call, feedbackResults, { results: told }, told.every(({ ok }) => ok) ? 200 : 207);
  },
});
