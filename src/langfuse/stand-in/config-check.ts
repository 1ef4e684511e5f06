import { z } from "zod";
import type { IncomingScore } from "./score-check.ts";

/** Langfuse's score configs (v4.16.0, packages/shared/src/domain/score-configs.ts and its public API's types). */
const nameSchema = z
  .string()
  .min(1)
  .max(35)
  .regex(/^[\p{L}\p{N}_ .()-]+$/u, "Name contains invalid characters");

const categoriesSchema = z
  .array(z.object({ label: z.string().min(1), value: z.number() }))
  .refine((all) => new Set(all.map(({ label }) => label)).size === all.length, "category labels must be unique")
  .refine((all) => new Set(all.map(({ value }) => value)).size === all.length, "category values must be unique");

const nothing = z.undefined().nullish();
const common = { name: nameSchema, description: z.string().nullish() };
const range = { minValue: z.number().nullish(), maxValue: z.number().nullish() };
const noRange = { minValue: nothing, maxValue: nothing };

const hasRange = (config: { minValue?: number | null | undefined; maxValue?: number | null | undefined }): boolean =>
  (config.maxValue ?? Infinity) > (config.minValue ?? -Infinity);
const RANGE_ERROR = "Maximum value must be greater than Minimum value";

export const newConfigSchema = z
  .discriminatedUnion("dataType", [
    z.object({ ...common, ...range, dataType: z.literal("NUMERIC"), categories: nothing }),
    z.object({ ...common, ...noRange, dataType: z.literal("CATEGORICAL"), categories: categoriesSchema }),
    z.object({ ...common, dataType: z.literal("BOOLEAN"), categories: z.undefined().optional() }),
    z.object({ ...common, ...noRange, dataType: z.literal("TEXT"), categories: z.undefined().optional() }),
  ])
  .refine((config) => config.dataType !== "NUMERIC" || hasRange(config), RANGE_ERROR);

export const configChangeSchema = z
  .object({
    isArchived: z.boolean().optional(),
    name: nameSchema.optional(),
    minValue: z.number().optional(),
    maxValue: z.number().optional(),
    categories: categoriesSchema.optional(),
    description: z.string().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "Request body cannot be empty.");

/** One score config, with Langfuse's field names. */
export type StoredScoreConfig = {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string | null;
  readonly dataType: "NUMERIC" | "CATEGORICAL" | "BOOLEAN" | "TEXT";
  readonly isArchived: boolean;
  readonly minValue: number | null;
  readonly maxValue: number | null;
  readonly categories: readonly { readonly label: string; readonly value: number }[] | null;
  readonly createdAt: string;
  readonly updatedAt: string;
};

/** What a changed config would be wrong in; undefined where it is sound. */
export function problemOf({ dataType, categories, minValue, maxValue }: StoredScoreConfig): string | undefined {
  if (dataType === "NUMERIC") {
    if (categories !== null) return "a NUMERIC config has no categories";
    return hasRange({ minValue, maxValue }) ? undefined : RANGE_ERROR;
  }
  if (dataType !== "BOOLEAN" && (minValue !== null || maxValue !== null)) return `a ${dataType} config has no range`;
  if (dataType === "TEXT" && categories !== null) return "a TEXT config has no categories";
  const isBoolean = JSON.stringify(categories) === JSON.stringify(BOOLEAN_CATEGORIES);
  return dataType === "BOOLEAN" && !isBoolean ? "a BOOLEAN config has the categories True and False" : undefined;
}

export const BOOLEAN_CATEGORIES = [
  { label: "True", value: 1 },
  { label: "False", value: 0 },
] as const;

/** Why Langfuse's worker drops a score that names this config, without a word to the sender; undefined where it does not. */
export function dropReason(config: StoredScoreConfig | undefined, body: IncomingScore): string | undefined {
  if (config === undefined) return "the configId does not match a valid config in this project";
  if (body.dataType && body.dataType !== config.dataType) {
    return `Data type mismatch based on config: expected ${config.dataType}, got ${body.dataType}`;
  }
  if (config.isArchived) return "Config is archived and cannot be used to create new scores";
  return fits(config, body.value) ? undefined : `value ${body.value} not valid against provided config`;
}

function fits({ dataType, categories, minValue, maxValue }: StoredScoreConfig, value: string | number): boolean {
  if (dataType === "TEXT") return typeof value === "string" && value.length >= 1 && value.length <= 500;
  if (dataType === "CATEGORICAL") return (categories ?? []).some(({ label }) => label === value);
  if (typeof value !== "number") return false;
  if (dataType === "BOOLEAN") return value === 0 || value === 1;
  return value <= (maxValue ?? Infinity) && value >= (minValue ?? -Infinity);
}
