import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type Asking, createAnswerCheck, type Place, requestsFor } from "./document-requests.ts";
import { basic } from "./secured-rig.ts";
import { exampleFor, messageId, startWholeService, ticketId, type WholeService } from "./whole-service.ts";

// Every route of the document that the running service hands out: with desk, agent functions, doctor and live events.

const RUNS = 20;
/** For one route; a slow machine then asks fewer times. */
const AT_MOST_MS = 10_000;

/** Something of each kind that is there; a decision is about a classification. */
function idsFor({ operation }: Place, { about }: WholeService): Readonly<Record<string, string>> {
  const isDecision = operation.operationId.startsWith("decide");
  const suggestionId = isDecision ? about.classificationId : about.suggestionId;
  return {
    suggestionId,
    suggestion_id: suggestionId,
    ticketId,
    ticket_id: ticketId,
    id: ticketId,
    message_id: messageId,
  };
}

/** A path parameter that begins or ends with what URLs take for their own leads to another route, or none. */
const leadsHere = (place: Place, { url }: Asking): boolean => {
  const { pathname } = new URL(url, "http://there");
  return new RegExp(`^${place.path.replaceAll(/\{\w+\}/gu, "[^/]+")}$`, "u").test(pathname);
};

async function askAsSaid(place: Place, service: WholeService): Promise<ReadonlySet<number>> {
  const { document, about, admin, send } = service;
  const checkOf = createAnswerCheck(document);
  const { operationId, responses } = place.operation;
  const seen = new Set<number>();
  const accepted = fc.constantFrom("*/*", "application/json", "text/event-stream");
  const example = exampleFor(place, about);
  const requests = requestsFor(place, document, { ids: idsFor(place, service), example });
  await fc.assert(
    fc.asyncProperty(requests, accepted, async (request, accept) => {
      fc.pre(leadsHere(place, request));
      const headers = { ...basic(admin), accept };
      const { status, headers: told, text } = await send(place.method, request.url, { headers, body: request.body });
      seen.add(status);
      const said = [operationId, request, accept, status, text];
      expect([...said, status >= 500 ? "a fault" : ""]).toEqual([...said, ""]);
      const answer = responses[status];
      expect([...said, answer === undefined ? "undocumented" : ""]).toEqual([...said, ""]);
      const mediaType = (told.get("content-type") ?? "").split(";")[0] ?? "";
      expect([...said, mediaType]).toEqual([...said, expect.toBeOneOf(Object.keys(answer?.content ?? { "": {} }))]);
      if (mediaType !== "application/json") return;
      const checked = checkOf(place, status)?.safeParse(JSON.parse(text));
      expect([...said, checked?.error?.issues ?? []]).toEqual([...said, []]);
    }),
    {
      numRuns: RUNS,
      seed: 20_261_126,
      interruptAfterTimeLimit: AT_MOST_MS,
      examples: [[{ url: pathOf(place, service), body: example }, "*/*"]],
    },
  );
  return seen;
}

const pathOf = (place: Place, service: WholeService): string =>
  place.path.replaceAll(/\{(\w+)\}/gu, (_whole, name: string) => idsFor(place, service)[name] ?? "missing");

it("the running service, asked as its own document says, answers only what that says, and never with a fault of its own", async () => {
  const service = await startWholeService();
  const tried: string[] = [];
  for (const place of service.places) {
    const seen = await askAsSaid(place, service);
    const { operationId } = place.operation;
    // A route that only ever refuses has not been tried.
    expect([operationId, Math.min(...seen)]).toEqual([operationId, expect.toBeOneOf([200, 201])]);
    tried.push(operationId);
  }
  expect(tried).toEqual(
    expect.arrayContaining(["generateMessageSuggestion", "suggestDeskReply", "readDoctor", "live", "exposeMetrics"]),
  );
}, 600_000);
