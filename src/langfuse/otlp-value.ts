import { storableJson, storableText } from "../domain/text.ts";
import type { OtlpAttribute, OtlpValue } from "./otlp-types.ts";

type Plain = string | number | boolean | readonly string[];

/** One attribute. Numbers are whole numbers here; Langfuse takes fractions as text. */
export function attribute(key: string, value: Plain): OtlpAttribute {
  return { key, value: toValue(value) };
}

/** The attributes of every pair that has a value: a missing one is not sent, never sent as empty. */
export function attributesOf(
  pairs: readonly (readonly [key: string, value: Plain | null | undefined])[],
): OtlpAttribute[] {
  const attributes: OtlpAttribute[] = [];
  for (const [key, value] of pairs) {
    if (value !== null && value !== undefined) attributes.push(attribute(key, value));
  }
  return attributes;
}

/** A value as Langfuse takes it in an attribute: text stays text, anything else becomes JSON, nothing stays nothing. */
export function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string") return value;
  const json: string | undefined = JSON.stringify(value);
  return json === undefined ? undefined : storableJson(json);
}

function toValue(value: Plain): OtlpValue {
  if (typeof value === "string") return { stringValue: storableText(value) };
  if (typeof value === "number") return { intValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return { arrayValue: { values: value.map((item) => ({ stringValue: storableText(item) })) } };
}
