import { newSent } from "../../contract/new-sent.ts";
import { sentReceipt } from "../../contract/sent-receipt.ts";
import { parse } from "../parse.ts";
import { answer, type Route } from "../route.ts";
import type { HttpServices } from "../services.ts";
import { onlyOwnSuggestion } from "../token-scope.ts";

/** `POST /v1/sent` */
export const recordSent = (services: Pick<HttpServices, "sent">): Route => ({
  method: "post",
  path: "/v1/sent",
  operationId: "recordSent",
  summary: "Record what a person sent, and infer what they did",
  description:
    "Compares the text with the suggestion, or with the newest open one of the ticket, and records an approval, a revision or a rejection. A reply without a suggestion is no feedback: then `recorded` is false.",
  scopes: ["feedback", "write"],
  body: { schema: newSent },
  answers: {
    200: {
      description: "Nothing new: there is no open suggestion, or the event was there already",
      schema: sentReceipt,
    },
    201: { description: "The event that was inferred, now committed", schema: sentReceipt },
  },
  problems: [404],
  async handle(call) {
    const given = parse(newSent, call.body, "sent");
    onlyOwnSuggestion(call.caller, given.suggestionId, "sent.suggestionId");
    const receipt = await services.sent(call.caller.projectId, given);
    if (receipt === undefined) return answer(call, sentReceipt, { recorded: false as const });
    return answer(call, sentReceipt, { recorded: true as const, ...receipt }, receipt.created ? 201 : 200);
  },
});
