import { MAX_ITEMS } from "../../contract/primitives.ts";
import { newSuggestion, newSuggestions } from "../../contract/new-suggestion.ts";
import { suggestionReceipt, suggestionResults } from "../../contract/suggestion-receipt.ts";
import type { IntakeResult } from "../../service/suggestion-intake.ts";
import { eachGood, parseOneOrMany } from "../parse.ts";
import { refusalOf } from "../problem.ts";
import { answer, type Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

type Services = Pick<HttpServices, "takeSuggestions" | "feedbackToken">;

/** `POST /v1/suggestions` */
export const recordSuggestions = (services: Services): Route => ({
  method: "post",
  path: "/v1/suggestions",
  operationId: "recordSuggestions",
  summary: "Record what agent functions suggested",
  description: `One finished run, or a list of up to ${MAX_ITEMS}. Whatever is answered with success is committed. Give every one an id or a key of its own, so that it may be sent again where no answer came.`,
  scopes: ["write"],
  body: { schema: newSuggestions },
  answers: {
    200: {
      description: "One suggestion that was there already, or a list, all of which are committed",
      schema: suggestionReceipt.or(suggestionResults),
    },
    201: { description: "One suggestion, now committed", schema: suggestionReceipt },
    207: { description: "A list, some of which were refused", schema: suggestionResults },
  },
  problems: [409],
  async handle(call) {
    const { projectId } = call.caller;
    const { isList, items } = parseOneOrMany(newSuggestion, call.body, { name: "suggestions", max: MAX_ITEMS });
    const receipts = await eachGood(items, async (good) =>
      (await services.takeSuggestions(projectId, good)).map(toOutcome),
    );
    const withToken = (receipt: Receipt) => ({
      ...receipt,
      feedbackToken: services.feedbackToken(projectId, receipt.suggestionId),
    });
    const [first] = receipts;
    if (!isList && first !== undefined) {
      if (!first.ok) throw first.error;
      return answer(call, suggestionReceipt, withToken(first.receipt), first.receipt.created ? 201 : 200);
    }
    const results = receipts.map((one) =>
      one.ok ? { ok: true as const, ...withToken(one.receipt) } : { ok: false as const, error: refusalOf(one.error) },
    );
    return answer(call, suggestionResults, { results }, results.every(({ ok }) => ok) ? 200 : 207);
  },
});

type Receipt = { readonly suggestionId: string; readonly traceId: string; readonly created: boolean };

function toOutcome(result: IntakeResult) {
  if (!result.ok) return result;
  const { suggestionId, traceId, created } = result;
  return { ok: true as const, receipt: { suggestionId, traceId, created } };
}
