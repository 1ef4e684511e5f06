import * as fc from "fast-check";
import type { JsonSchema } from "../../src/http/openapi.ts";

type Schemas = Readonly<Record<string, JsonSchema>>;

/** Values that a JSON Schema of ours allows, with nothing but the schema to go by. */
export function allowedBy(schema: JsonSchema, named: Schemas): fc.Arbitrary<unknown> {
  const of = (inner: unknown): fc.Arbitrary<unknown> => allowedBy((inner ?? {}) as JsonSchema, named);
  const { $ref: reference, type } = schema;
  if (typeof reference === "string") return of(named[reference.replace("#/components/schemas/", "")]);
  const either = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(either)) return fc.oneof(...either.map(of));
  if ("const" in schema) return fc.constant(schema["const"]);
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as unknown[]));
  const least = schema["minimum"] as number | undefined;
  const most = schema["maximum"] as number | undefined;
  switch (type) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.integer({ min: Math.max(least ?? -1e9, -1e9), max: Math.min(most ?? 1e9, 2_147_483_647) });
    case "number":
      return fc.double({ min: least ?? -1e6, max: most ?? 1e6, noNaN: true });
    case "string":
      return textOf(schema);
    case "array": {
      const { minItems = 0, maxItems = 4 } = schema as { readonly minItems?: number; readonly maxItems?: number };
      return fc.array(of(schema["items"]), { minLength: minItems, maxLength: Math.min(maxItems, minItems + 3) });
    }
    case "object":
      return objectOf(schema, of);
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

function textOf(schema: JsonSchema): fc.Arbitrary<string> {
  const {
    minLength = 0,
    maxLength = 40,
    pattern,
    format,
  } = schema as {
    readonly minLength?: number;
    readonly maxLength?: number;
    readonly pattern?: string;
    readonly format?: string;
  };
  if (format === "date-time") return fc.oneof(dates("2026-11-01", "2026-11-25"), dates("1970-01-01", "2099-12-31"));
  if (pattern?.startsWith("^[0-9a-fA-F]{8}-") === true) return fc.uuid();
  if (pattern !== undefined) {
    // fast-check makes no texts for what looks ahead.
    const plain = new RegExp(pattern.replaceAll(/\(\?![^)]*\)/gu, ""), "u");
    return fc.stringMatching(plain).filter((text) => new RegExp(pattern, "u").test(text));
  }
  return fc.string({ unit: "grapheme", minLength, maxLength: Math.min(maxLength, minLength + 40) });
}

const dates = (from: string, to: string): fc.Arbitrary<string> =>
  fc.date({ min: new Date(from), max: new Date(to), noInvalidDate: true }).map((date) => date.toISOString());

function objectOf(schema: JsonSchema, of: (inner: unknown) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const {
    properties,
    required = [],
    additionalProperties,
  } = schema as {
    readonly properties?: Schemas;
    readonly required?: readonly string[];
    readonly additionalProperties?: unknown;
  };
  if (properties === undefined)
    return fc.dictionary(fc.string({ maxLength: 10 }), of(additionalProperties), { maxKeys: 3 });
  const parts = Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, of(inner)]));
  return fc.record(parts, { requiredKeys: [...required] });
}

/** The same with something spoiled, now and then: a field more, one less, one of another kind. */
export const spoiled = (good: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 3, arbitrary: good },
    {
      weight: 1,
      arbitrary: fc
        .tuple(good, fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 2 }))
        .map(([value, key, more]) =>
          typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value, [key]: more } : more,
        ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(good, fc.nat(), fc.jsonValue({ maxDepth: 2 })).map(([value, at, other]) => {
        if (typeof value !== "object" || value === null) return other;
        const keys = Object.keys(value);
        const key = keys[at % Math.max(1, keys.length)] ?? "a";
        return { ...value, [key]: other };
      }),
    },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  );
