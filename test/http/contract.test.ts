import { Validator } from "@seriousme/openapi-schema-validator";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import { openApiDocument, type OpenApiDocument } from "../../src/http/openapi.ts";
import { apiRoutes } from "../../src/http/routes.ts";
import { describeEachDatabase } from "../support/databases.ts";
import { type ApiRig, openApi } from "./api-rig.ts";
import { type Asking, createAnswerCheck, type Place, placesOf, requestsFor } from "./document-requests.ts";
import { fakeServices } from "./fake-services.ts";

const document: OpenApiDocument = openApiDocument(apiRoutes(fakeServices(), Date.now));
const { schemas } = document.components;
const RUNS = 25;

const operations = placesOf(document);
const checkOf = createAnswerCheck(document);

describe("the OpenAPI document", () => {
  it("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    expect(await validator.validate(JSON.parse(JSON.stringify(document)) as Record<string, unknown>)).toEqual({
      valid: true,
    });
    expect(validator.version).toBe("3.1");
  });

  it("has every route once, with an id, an answer that is none of the problems, and references that lead somewhere", () => {
    expect(operations.length).toBeGreaterThan(14);
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { operation } of operations)
      expect(Object.keys(operation.responses).some((status) => status < "300")).toBe(true);
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/gu);
    for (const [, name = ""] of references) expect(Object.keys(schemas)).toContain(name);
    expect(JSON.stringify(document)).not.toContain("$defs");
    for (const schema of Object.values(schemas)) expect(schema).not.toHaveProperty("$ref");
  });
});

async function ask(api: ApiRig, { method }: Place, { url, body }: Asking): Promise<Response> {
  if (method === "get") return api.app.request(url);
  const sent = body === undefined ? null : JSON.stringify(body);
  return api.app.request(url, { method: "POST", headers: { "content-type": "application/json" }, body: sent });
}

describeEachDatabase("every route, asked as the document says", (open) => {
  let api: ApiRig;
  const suggestionId = newId();

  beforeAll(async () => {
    api = openApi(await open(), { untilEnd: true });
    await api.post("/v1/suggestions", { functionName: "f", text: "Hello", suggestionId });
  });

  afterAll(() => api.close());

  it.each(
    operations
      .filter(({ path }) => path !== "/v1/live")
      .map((place) => [`${place.method} ${place.path}`, place] as const),
  )("%s answers only what the document says, and never with a fault of its own", async (_name, place) => {
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(requestsFor(place, document, { ids: { suggestionId } }), async (request) => {
        const response = await ask(api, place, request);
        const text = await response.text();
        seen.add(response.status);
        if (response.status === 404 && place.path.includes("{") && !request.url.startsWith("/v1/suggestions/")) return;
        const { status } = response;
        expect({ text, isDocumented: Object.keys(place.operation.responses).includes(String(status)) }).toEqual({
          text,
          isDocumented: true,
        });
        expect({ text, isOurFault: status >= 500 }).toEqual({ text, isOurFault: false });
        const checked = checkOf(place, status)?.safeParse(JSON.parse(text));
        expect({ text, issues: checked?.error?.issues ?? [] }).toEqual({ text, issues: [] });
      }),
      { numRuns: RUNS, seed: 20_261_126 },
    );
    // A route that only ever refuses has not been tried.
    expect(Math.min(...seen)).toBeLessThan(300);
  });
});
