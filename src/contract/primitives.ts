import { z } from "zod";

// What several requests and responses are made of. Unknown fields are refused everywhere: a misspelt one would else be lost
// without a word.

export const uuid = z
  .string()
  .regex(/^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/u, "expected a UUID")
  .meta({ examples: ["0199d1c0-5b5f-7000-8000-3f3c9a2b1e4d"] });

export const instant = z.iso
  .datetime({ offset: true, error: "expected a date-time with its zone, such as 2026-11-22T10:00:00.000Z" })
  .meta({ examples: ["2026-11-22T10:00:00.000Z"] });

/** Text that is not blank and that Postgres can hold. */
export const text = (maxChars: number) =>
  z
    .string()
    .min(1, "is empty; expected text")
    .max(maxChars)
    .refine((value) => value.trim() !== "" && !value.includes("\0") && value.isWellFormed(), {
      error: "is blank, or holds a NUL or half a character; expected text",
    });

/** The same, but it may be empty, as the message of an error may. */
export const message = (maxChars: number) =>
  z
    .string()
    .max(maxChars)
    .refine((value) => !value.includes("\0") && value.isWellFormed(), {
      error: "holds a NUL or half a character; expected text",
    });

/** A name or an id of the caller's own. */
export const name = text(200);

/** Longest text of a suggestion, or of what was sent. */
export const MAX_TEXT_CHARS = 200_000;

/** The most that one request may hold of what comes in lists. */
export const MAX_ITEMS = 500;

export const share = z.number().min(0).max(1);
/** More than any run costs: one that is wrong by far would stand in every sum of its day. */
export const costUsd = z.number().min(0).max(1_000_000);
export const count = z.int().min(0);
/** What Postgres' `integer` holds. */
export const storedInteger = z.int().min(0).max(2_147_483_647);
export const object = z.record(z.string(), z.unknown());

export const rate = z
  .strictObject({
    numerator: count,
    denominator: count,
    value: share.nullable(),
    low: share.nullable(),
    high: share.nullable(),
  })
  .meta({
    id: "Rate",
    description: "A share with what it was counted from and its 95 % Wilson interval; null is unknown.",
  });
