import type { JsonSchema } from "./openapi.ts";

/** One field of a schema, in words. */
export type SchemaLine = {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
};

/** The fields of an object, one line each; of anything else one line without a name. */
export function describeSchema(schema: JsonSchema): readonly SchemaLine[] {
  const properties = schema["properties"] as Readonly<Record<string, JsonSchema>> | undefined;
  if (properties === undefined) {
    return [{ name: "", type: typeOf(schema), isRequired: true, description: textOf(schema["description"]) }];
  }
  const required = new Set(schema["required"] as readonly string[] | undefined);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    type: typeOf(property),
    isRequired: required.has(name),
    description: textOf(property["description"]),
  }));
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** What a value may be: `text (1–200)`, `a list of NewSuggestion`, `one of "a", "b"`. */
function typeOf(schema: JsonSchema): string {
  const { $ref: reference, type } = schema;
  if (typeof reference === "string") return reference.slice(reference.lastIndexOf("/") + 1);
  const either = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  if (either !== undefined) return [...new Set(either.map(typeOf))].join(" or ");
  if ("const" in schema) return JSON.stringify(schema["const"]);
  const values = schema["enum"] as readonly unknown[] | undefined;
  if (values !== undefined) return values.map((value) => `"${String(value)}"`).join(", ");
  if (type === "array")
    return `list of ${typeOf(schema["items"] ?? {})}${rangeOf(schema["minItems"], schema["maxItems"])}`;
  if (type === "string") return stringType(schema);
  if (type === "integer" || type === "number") {
    return `${type === "integer" ? "whole number" : "number"}${rangeOf(schema["minimum"], schema["maximum"])}`;
  }
  if (type === "object")
    return schema["properties"] === undefined
      ? "object"
      : `object: ${Object.keys(schema["properties"] as object).join(", ")}`;
  return typeof type === "string" ? type : "any JSON";
}

function stringType(schema: JsonSchema): string {
  if (schema["format"] === "date-time") return "date-time";
  if (textOf(schema["pattern"]).startsWith("^[0-9a-fA-F]{8}-")) return "UUID";
  return `text${rangeOf(schema["minLength"], schema["maxLength"])}`;
}

/** Bounds that only say what every number of the kind is are left out. */
function rangeOf(min: unknown, max: unknown): string {
  const least = typeof min === "number" && Math.abs(min) < Number.MAX_SAFE_INTEGER ? min : undefined;
  const most = typeof max === "number" && Math.abs(max) < Number.MAX_SAFE_INTEGER ? max : undefined;
  if (least === undefined && most === undefined) return "";
  if (most === undefined) return ` (from ${least} on)`;
  return ` (${least ?? 0} to ${most})`;
}
