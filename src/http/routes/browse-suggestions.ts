import { z } from "zod";
import { uuid } from "../../contract/primitives.ts";
import { suggestionDetail } from "../../contract/suggestion-detail.ts";
import { suggestionPage } from "../../contract/suggestion-page.ts";
import { suggestionQuery } from "../../contract/suggestion-query.ts";
import { parseInstant } from "../../domain/instant.ts";
import { limitOf } from "../limit.ts";
import { parse } from "../parse.ts";
import { answer, type Route } from "../route.ts";
import type { BrowseFilter, HttpServices } from "../services.ts";

/** `GET /v1/suggestions` */
export const listSuggestions = (services: Pick<HttpServices, "browse">, now: () => number): Route => ({
  method: "get",
  path: "/v1/suggestions",
  operationId: "listSuggestions",
  summary: "List suggestions, the newest first",
  description:
    "Page by page: `nextCursor` of one page is the `cursor` of the next. What is added meanwhile moves nothing.",
  scopes: ["read"],
  query: suggestionQuery,
  answers: { 200: { description: "One page", schema: suggestionPage } },
  async handle(call) {
    return answer(
      call,
      suggestionPage,
      await services.browse(readFilter(call.query, call.caller.projectId, new Date(now()))),
    );
  },
});

function readFilter(texts: Readonly<Record<string, string>>, projectId: string, now: Date): BrowseFilter {
  // An empty text counts as not given, as it does for metrics.
  const given = Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ""));
  const { function: functionName, ticket: ticketId, from, to, limit, ...others } = parse(suggestionQuery, given, "");
  const moment = (text: string | undefined, place: string): Date | undefined =>
    text === undefined ? undefined : parseInstant(text, place, now);
  return {
    projectId,
    ...others,
    functionName,
    ticketId,
    from: moment(from, "from"),
    to: moment(to, "to"),
    limit: limitOf(limit),
  };
}

/** `GET /v1/suggestions/{suggestionId}` */
export const readSuggestion = (services: Pick<HttpServices, "suggestion">): Route => ({
  method: "get",
  path: "/v1/suggestions/{suggestionId}",
  operationId: "readSuggestion",
  summary: "Everything about one suggestion: its run, its feedback, and how they stand with Langfuse",
  scopes: ["read"],
  params: z.strictObject({ suggestionId: uuid }),
  answers: { 200: { description: "The suggestion", schema: suggestionDetail } },
  problems: [404],
  async handle(call) {
    const { suggestionId = "" } = call.params;
    return answer(call, suggestionDetail, await services.suggestion(suggestionId, call.caller.projectId));
  },
});
