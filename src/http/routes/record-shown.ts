import { z } from "zod";
import { newShown } from "../../contract/new-shown.ts";
import { uuid } from "../../contract/primitives.ts";
import { shownReceipt } from "../../contract/shown-receipt.ts";
import { parse } from "../parse.ts";
import { answer, type Route } from "../route.ts";
import type { HttpServices } from "../services.ts";
import { onlyOwnSuggestion } from "../token-scope.ts";

/** `POST /v1/suggestions/{suggestionId}/shown` */
export const recordShown = (services: Pick<HttpServices, "shown">): Route => ({
  method: "post",
  path: "/v1/suggestions/{suggestionId}/shown",
  operationId: "recordShown",
  summary: "Record that a person has seen a suggestion",
  description: "The earliest time counts, however often it is sent. The body may be left out.",
  scopes: ["feedback", "write"],
  params: z.strictObject({ suggestionId: uuid }),
  body: { schema: newShown, isOptional: true },
  answers: { 200: { description: "When it was first seen", schema: shownReceipt } },
  problems: [404],
  async handle(call) {
    const { suggestionId = "" } = call.params;
    onlyOwnSuggestion(call.caller, suggestionId, "suggestionId");
    const given = parse(newShown, call.body ?? {}, "shown");
    return answer(call, shownReceipt, await services.shown(call.caller.projectId, suggestionId, given));
  },
});
