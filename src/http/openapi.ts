import { z } from "zod";
import { problem } from "../contract/problem.ts";
import type { Answer, Route } from "./route.ts";

export type JsonSchema = { readonly [Key in string]?: unknown };
export type Operation = {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
};
export type Parameter = {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
};
type Content = Readonly<Record<string, { readonly schema?: JsonSchema }>>;
export type OpenApiResponse = { readonly description: string; readonly headers?: object; readonly content?: Content };
export type OpenApiDocument = {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>>; readonly securitySchemes: object };
};

/** Of the API and not of the package: raised by what breaks callers. */
const VERSION = "1";

const DESCRIPTION =
  "What AI agent functions suggested, and what people did with it. Whatever is answered with success is committed in Postgres. Errors are `{ error: { code, message, details } }`; codes are stable.";

/** The OpenAPI 3.1 document of these routes; its schemas are JSON Schema 2020-12. */
export function openApiDocument(routes: readonly Route[]): OpenApiDocument {
  const schemas = createSchemas();
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    (paths[route.path] ??= {})[route.method] = operationOf(route, schemas);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Uptake", version: VERSION, description: DESCRIPTION },
    paths,
    components: { schemas: schemas.named(), securitySchemes: SECURITY_SCHEMES },
  };
}

const SECURITY_SCHEMES = {
  key: { type: "http", scheme: "basic", description: "An API key: `pk-up-…` as user name and `sk-up-…` as password." },
  feedbackToken: {
    type: "http",
    scheme: "bearer",
    description:
      "The `feedbackToken` of one suggestion, for shown, feedback and sent; or an API key as `pk-up-…:sk-up-…`.",
  },
};

type Schemas = { of(schema: z.ZodType): JsonSchema; named(): Readonly<Record<string, JsonSchema>> };

/** Schemas with an id become components that the others refer to. */
function createSchemas(): Schemas {
  const components = new Map<string, JsonSchema>();
  return {
    of(schema) {
      const made = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema & {
        $defs?: Record<string, JsonSchema>;
      };
      const { $schema: _, $defs = {}, ...own } = made;
      for (const [name, component] of Object.entries($defs)) components.set(name, tidy(component));
      const id = z.globalRegistry.get(schema)?.id;
      if (id === undefined) return tidy(own);
      if (own["$ref"] === undefined) components.set(id, tidy(own));
      return { $ref: `#/components/schemas/${id}` };
    },
    named: () => Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** References point to components, and ids, which say the same once more, go. */
function tidy(schema: JsonSchema): JsonSchema {
  const { id: _, ...kept } = schema;
  return JSON.parse(JSON.stringify(kept).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
}

function operationOf(route: Route, schemas: Schemas): Operation {
  const parameters = [...parametersOf("path", route.params, schemas), ...parametersOf("query", route.query, schemas)];
  const description = [route.description, scopeText(route)].filter((text) => text !== undefined).join("\n\n");
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(description === "" ? {} : { description }),
    security: securityOf(route),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: route.body.isOptional !== true,
            content: { "application/json": { schema: schemas.of(route.body.schema) } },
          },
        }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, responseOf(answer, schemas)]),
      ),
      ...problemResponses(route, schemas),
    },
  };
}

const scopeText = ({ scopes }: Route): string | undefined =>
  scopes === null ? undefined : `Scope: ${scopes.map((scope) => `\`${scope}\``).join(" or ")}.`;

function securityOf({ scopes }: Route): readonly object[] {
  if (scopes === null) return [];
  return scopes.includes("feedback") ? [{ key: [] }, { feedbackToken: [] }] : [{ key: [] }];
}

function parametersOf(place: Parameter["in"], schema: z.ZodObject | undefined, schemas: Schemas): readonly Parameter[] {
  if (schema === undefined) return [];
  const { properties, required } = schemas.of(schema) as {
    readonly properties: Record<string, JsonSchema>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: required?.includes(name) ?? false,
    ...(typeof description === "string" ? { description } : {}),
    schema: rest,
  }));
}

const responseOf = (answer: Answer, schemas: Schemas): OpenApiResponse => ({
  description: answer.description,
  content: "schema" in answer ? jsonContent(answer, schemas) : { [answer.contentType]: {} },
});

const jsonContent = (answer: Extract<Answer, { schema: z.ZodType }>, schemas: Schemas): Content => ({
  "application/json": { schema: schemas.of(answer.schema) },
  ...(answer.isStreamedIfAsked === true ? { "text/event-stream": {} } : {}),
});

const PROBLEMS: Readonly<Record<number, string>> = {
  400: "Something is wrong with what was sent; `details` says what, a line each",
  401: "No credentials, or none that are known",
  403: "The credentials, or the page that asks, may not do this",
  404: "There is no such thing in this project",
  408: "The body did not come in time",
  409: "The id or key stands for another suggestion already",
  413: "The body is too large",
  415: "The body is no JSON, or packed otherwise than by gzip",
  429: "Too many requests; `Retry-After` says when to try again",
  500: "The server's own fault",
  502: "The model did not answer",
  503: "Not now: the database is away, or this took too long; `Retry-After` says when to try again",
};

function problemResponses(route: Route, schemas: Schemas): Readonly<Record<string, OpenApiResponse>> {
  const statuses = new Set(route.problems ?? []);
  for (const status of [403, 500]) statuses.add(status);
  if (route.scopes !== null) for (const status of [401, 429, 503]) statuses.add(status);
  if (route.params !== undefined || route.query !== undefined || route.body !== undefined) statuses.add(400);
  if (route.body !== undefined) for (const status of [408, 413, 415]) statuses.add(status);
  const content = { "application/json": { schema: schemas.of(problem) } };
  const retryAfter = { "Retry-After": { description: "Seconds", schema: { type: "integer" } } };
  return Object.fromEntries(
    [...statuses]
      .filter((status) => route.answers[status] === undefined)
      .map((status) => [
        String(status),
        {
          description: PROBLEMS[status] ?? "",
          ...(status === 429 || status === 503 ? { headers: retryAfter } : {}),
          content,
        },
      ]),
  );
}
