import { z } from "zod";
import type { SpanPick } from "./failures.ts";

/**
 * An export as Langfuse requires it: ids are text (hex) and collections are lists. One bad span refuses the whole
 * export. Stricter than Langfuse in one point: it takes
 * an id of any length, OpenTelemetry does not, and here that is an error.
 */
const attributeSchema = z.object({ key: z.string(), value: z.unknown().optional() });
const attributesSchema = z.array(attributeSchema).nullish();

const spanSchema = z.object({
  traceId: z.string().regex(/^(?!0+$)[0-9a-f]{32}$/i, "traceId must be 32 hex digits"),
  spanId: z.string().regex(/^(?!0+$)[0-9a-f]{16}$/i, "spanId must be 16 hex digits"),
  parentSpanId: z
    .string()
    .regex(/^([0-9a-f]{16})?$/i, "parentSpanId must be 16 hex digits")
    .nullish(),
  name: z.string().default("unknown"),
  startTimeUnixNano: z.union([z.string().regex(/^\d+$/), z.number()]),
  endTimeUnixNano: z.union([z.string().regex(/^\d+$/), z.number()]).nullish(),
  attributes: attributesSchema,
  events: z.array(z.unknown()).nullish(),
  status: z.object({ code: z.union([z.number(), z.string()]).nullish(), message: z.string().nullish() }).nullish(),
});

const scopeSchema = z
  .object({ name: z.string().nullish(), version: z.string().nullish(), attributes: attributesSchema })
  .nullish();

const resourceSpanSchema = z.object({
  resource: z.object({ attributes: attributesSchema }).nullish(),
  scopeSpans: z.array(z.object({ scope: scopeSchema, spans: z.array(spanSchema).nullish() })).nullish(),
});

const exportSchema = z.object({ resourceSpans: z.array(resourceSpanSchema).nullish() });

/** An export as Langfuse takes it; these spans are malformed as well, where a test asked for that trouble. */
export function exportSchemaWith(badSpans: SpanPick | undefined): typeof exportSchema {
  if (badSpans === undefined) return exportSchema;
  const isBad = (span: IncomingSpan): boolean =>
    "name" in badSpans ? span.name === badSpans.name : span.traceId === badSpans.traceId;
  const isGood = ({ resourceSpans }: z.infer<typeof exportSchema>): boolean =>
    !(resourceSpans ?? []).some((part) => (part.scopeSpans ?? []).some(({ spans }) => (spans ?? []).some(isBad)));
  const which = "name" in badSpans ? `named ${badSpans.name}` : `of trace ${badSpans.traceId}`;
  return exportSchema.refine(isGood, `the stand-in was told to refuse spans ${which}`);
}

export type IncomingSpan = z.infer<typeof spanSchema>;
export type IncomingResourceSpan = z.infer<typeof resourceSpanSchema>;

/** A value of an attribute list as plain data. */
export type AttributeMap = Readonly<Record<string, unknown>>;

export function attributeMap(attributes: z.infer<typeof attributesSchema>): AttributeMap {
  return Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, plainValue(value)]));
}

const anyValueSchema = z.object({
  stringValue: z.string().optional(),
  boolValue: z.boolean().optional(),
  intValue: z.coerce.number().optional(),
  doubleValue: z.coerce.number().optional(),
  arrayValue: z.object({ values: z.array(z.unknown()).optional() }).optional(),
  kvlistValue: z.object({ values: z.array(attributeSchema).optional() }).optional(),
});

function plainValue(value: unknown): unknown {
  const parsed = anyValueSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue } = parsed.data;
  if (arrayValue !== undefined) return (arrayValue.values ?? []).map(plainValue);
  if (kvlistValue !== undefined) return attributeMap(kvlistValue.values ?? []);
  return stringValue ?? boolValue ?? intValue ?? doubleValue;
}
