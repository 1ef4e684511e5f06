import * as fc from "fast-check";
import { z } from "zod";
import type { JsonSchema, OpenApiDocument, Operation } from "../../src/http/openapi.ts";
import { allowedBy, spoiled } from "./schema-arbitrary.ts";

/** An operation as a document has it. */
export type Place = { readonly method: string; readonly path: string; readonly operation: Operation };

export const placesOf = (document: OpenApiDocument): readonly Place[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

export type AnswerCheck = (place: Place, status: number) => z.ZodType | undefined;

/** What an answer's JSON has to be, by the document alone. */
export function createAnswerCheck({ components: { schemas } }: OpenApiDocument): AnswerCheck {
  const checks = new Map<string, z.ZodType>();
  return ({ operation }, status) => {
    const schema = operation.responses[status]?.content?.["application/json"]?.schema;
    if (schema === undefined) return undefined;
    const key = JSON.stringify(schema);
    const known = checks.get(key) ?? z.fromJSONSchema(inlined(schema, schemas) as z.core.JSONSchema.JSONSchema);
    checks.set(key, known);
    return known;
  };
}

/** With what it refers to in its place; none of ours refers to itself. */
function inlined(schema: unknown, schemas: Readonly<Record<string, JsonSchema>>): unknown {
  if (Array.isArray(schema)) return schema.map((one) => inlined(one, schemas));
  if (typeof schema !== "object" || schema === null) return schema;
  const reference: unknown = "$ref" in schema ? schema.$ref : undefined;
  if (typeof reference === "string") return inlined(schemas[reference.replace("#/components/schemas/", "")], schemas);
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inlined(value, schemas)]));
}

/** A body is undefined where none is sent. */
export type Asking = { readonly url: string; readonly body: unknown };

/** What is there for a request to be about, by the names that the document has for it. */
export type There = { readonly ids: Readonly<Record<string, string>>; readonly example?: unknown };

const LIKELY: Readonly<Record<string, readonly string[]>> = {
  from: ["24h", "2026-11-22", "2w"],
  to: ["now", "2026-11-25T10:00:00Z"],
  bucket: ["hour", "day", "total"],
  by: ["function,model", "environment", ""],
  zone: ["UTC", "Europe/Berlin", "Asia/Kathmandu"],
  limit: ["1", "200"],
  outcome: ["pending"],
  status: ["completed"],
  queue: ["all", "waiting"],
  cursor: [""],
};

/** Requests that the document allows, and others that it does not. Now and then they are about what is there. */
export function requestsFor(
  { path, operation }: Place,
  { components: { schemas } }: OpenApiDocument,
  { ids, example }: There,
): fc.Arbitrary<Asking> {
  const { parameters = [], requestBody } = operation;
  const queries = parameters.filter((parameter) => parameter.in === "query");
  const query = fc.record(Object.fromEntries(queries.map(({ name, schema }) => [name, allowedBy(schema, schemas)])), {
    requiredKeys: [],
  });
  const likely = fc.record(
    Object.fromEntries(queries.map(({ name }) => [name, fc.constantFrom(...(LIKELY[name] ?? ["f"]))])),
    { requiredKeys: [] },
  );
  const body = requestBody?.content["application/json"]?.schema;
  return fc.record({
    url: fc
      .tuple(pathsFor(path, ids), fc.oneof(query, likely))
      .map(([there, asked]) => there + searchOf(asked as Readonly<Record<string, unknown>>)),
    body: body === undefined ? fc.constant(undefined) : bodiesFor(allowedBy(body, schemas), ids, example),
  });
}

function bodiesFor(good: fc.Arbitrary<unknown>, ids: There["ids"], example: unknown): fc.Arbitrary<unknown> {
  const about = good.map((value) => pointedAt(value, ids));
  return spoiled(example === undefined ? fc.oneof(good, about) : fc.oneof(good, about, fc.constant(example)));
}

function pathsFor(path: string, ids: There["ids"]): fc.Arbitrary<string> {
  const names = [...path.matchAll(/\{(\w+)\}/gu)].map(([, name = ""]) => name);
  const values = names.map((name) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(ids[name] ?? "missing") },
      { weight: 1, arbitrary: fc.uuid() },
      { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 20 }) },
    ),
  );
  return fc
    .tuple(...values)
    .map((texts) =>
      names.reduce((whole, name, at) => whole.replace(`{${name}}`, () => encodeURIComponent(texts[at] ?? "")), path),
    );
}

function searchOf(query: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(query).map(([name, value]) => [name, String(value)]);
  const search = new URLSearchParams(Object.fromEntries(pairs) as Record<string, string>).toString();
  return search === "" ? "" : `?${search}`;
}

/** The same about what is there, however deep its id stands. */
function pointedAt(value: unknown, ids: There["ids"]): unknown {
  if (Array.isArray(value)) return value.map((one) => pointedAt(one, ids));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, ids[key] ?? pointedAt(one, ids)]));
}
