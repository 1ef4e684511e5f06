import { Validator } from "@seriousme/openapi-schema-validator";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { newId } from "../../src/domain/ids.ts";
import { openApiDocument, type OpenApiDocument, type Operation } from "../../src/http/openapi.ts";
import { apiRoutes } from "../../src/http/routes.ts";
import { describeEachDatabase } from "../support/databases.ts";
import { type ApiRig, openApi } from "./api-rig.ts";
import { fakeServices } from "./fake-services.ts";
import { allowedBy, spoiled } from "./schema-arbitrary.ts";

const document: OpenApiDocument = openApiDocument(apiRoutes(fakeServices(), Date.now));
const { schemas } = document.components;
const RUNS = 25;

type Place = { readonly path: string; readonly method: string; readonly operation: Operation };
const operations: readonly Place[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

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

/** What an answer's JSON has to be, by the document alone. */
const checks = new Map<string, z.ZodType>();
function checkOf({ operation }: Place, status: number): z.ZodType | undefined {
  const schema = operation.responses[status]?.content?.["application/json"]?.schema;
  if (schema === undefined) return undefined;
  const key = JSON.stringify(schema);
  const known = checks.get(key) ?? z.fromJSONSchema(inlined(schema) as z.core.JSONSchema.JSONSchema);
  checks.set(key, known);
  return known;
}

/** With what it refers to in its place; none of ours refers to itself. */
function inlined(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(inlined);
  if (typeof schema !== "object" || schema === null) return schema;
  const reference: unknown = "$ref" in schema ? schema.$ref : undefined;
  if (typeof reference === "string") return inlined(schemas[reference.replace("#/components/schemas/", "")]);
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inlined(value)]));
}

type Request = { readonly path: string; readonly query: Readonly<Record<string, unknown>>; readonly body: unknown };

const LIKELY: Readonly<Record<string, readonly string[]>> = {
  from: ["24h", "2026-11-22", "2w"],
  to: ["now", "2026-11-25T10:00:00Z"],
  bucket: ["hour", "day", "total"],
  by: ["function,model", "environment", ""],
  zone: ["UTC", "Europe/Berlin", "Asia/Kathmandu"],
  limit: ["1", "200"],
  outcome: ["pending"],
  status: ["completed"],
  cursor: [""],
};

/** Requests that the document allows, and others that it does not. Now and then they are about what is there. */
function requestsFor({ path, operation }: Place, suggestionId: string): fc.Arbitrary<Request> {
  const { parameters = [], requestBody } = operation;
  const queries = parameters.filter((parameter) => parameter.in === "query");
  const query = fc.record(Object.fromEntries(queries.map(({ name, schema }) => [name, allowedBy(schema, schemas)])), {
    requiredKeys: [],
  });
  const likely = fc.record(
    Object.fromEntries(queries.map(({ name }) => [name, fc.constantFrom(...(LIKELY[name] ?? ["f"]))])),
    { requiredKeys: [] },
  );
  const id = fc.oneof(
    { weight: 3, arbitrary: fc.constant(suggestionId) },
    { weight: 1, arbitrary: fc.uuid() },
    { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 20 }) },
  );
  const body = requestBody?.content["application/json"]?.schema;
  const good = body === undefined ? fc.constant(undefined) : allowedBy(body, schemas);
  const about = good.map((value) => pointedAt(value, suggestionId));
  return fc.record({
    path: id.map((text) => path.replace("{suggestionId}", encodeURIComponent(text))),
    query: fc.oneof(query, likely),
    body: body === undefined ? good : spoiled(fc.oneof(good, about)),
  });
}

const pointedAt = (value: unknown, suggestionId: string): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value) && "suggestionId" in value
    ? { ...value, suggestionId }
    : value;

async function ask(api: ApiRig, { method }: Place, request: Request): Promise<Response> {
  const search = new URLSearchParams(
    Object.fromEntries(Object.entries(request.query).map(([name, value]) => [name, String(value)])),
  ).toString();
  const url = `${request.path}${search === "" ? "" : `?${search}`}`;
  if (method === "get") return api.app.request(url);
  const body = request.body === undefined ? null : JSON.stringify(request.body);
  return api.app.request(url, { method: "POST", headers: { "content-type": "application/json" }, body });
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
      fc.asyncProperty(requestsFor(place, suggestionId), async (request) => {
        const response = await ask(api, place, request);
        const text = await response.text();
        seen.add(response.status);
        if (response.status === 404 && place.path.includes("{") && !request.path.startsWith("/v1/suggestions/")) return;
        expect(Object.keys(place.operation.responses), text).toContain(String(response.status));
        expect(response.status, text).toBeLessThan(500);
        const check = checkOf(place, response.status);
        if (check === undefined) return;
        const checked = check.safeParse(JSON.parse(text));
        expect(checked.error?.issues ?? [], text).toEqual([]);
      }),
      { numRuns: RUNS, seed: 20_261_126 },
    );
    // A route that only ever refuses has not been tried.
    expect(Math.min(...seen)).toBeLessThan(300);
  });
});
