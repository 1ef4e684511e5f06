import type { z } from "zod";
import { invalidInput, UptakeError } from "../domain/errors.ts";

/** The value, as its schema says. Throws one `invalid_input` with everything that is wrong with it, one line each. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, place: string): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, MAX_PROBLEMS).flatMap((issue) => problemsOf(issue, place));
  throw new UptakeError("invalid_input", problems.join("\n"), { facts: { problems } });
}

/** The same, and what is wrong is the result. */
export function tryParse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: string,
): z.infer<Schema> | UptakeError {
  try {
    return parse(schema, value, place);
  } catch (error) {
    if (error instanceof UptakeError) return error;
    throw error;
  }
}

/** A hundred lines of what is wrong help nobody more. */
const MAX_PROBLEMS = 20;

function problemsOf(issue: z.core.$ZodIssue, place: string): string[] {
  const at = placeAt(place, issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys
      .slice(0, MAX_PROBLEMS)
      .map((key) => `${placeAt(at, [key.slice(0, 80)])}: is no field here; remove or correct it`);
  }
  return [`${at}: ${issue.message}`];
}

const placeAt = (place: string, path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (at, key) => (typeof key === "number" ? `${at}[${key}]` : at === "" ? String(key) : `${at}.${String(key)}`),
    place,
  );

/** Things that came one or many at once. */
export type Given<Thing> = {
  readonly isList: boolean;
  /** In their order: what was read, and what it is called in messages; or what is wrong. */
  readonly items: readonly (Placed<Thing> | UptakeError)[];
};

type Placed<Thing> = { readonly given: Thing; readonly place: string };

/** Reads one thing or a list of them. Of a list, one that is wrong does not keep the others from being read. */
export function parseOneOrMany<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
  { name, max }: { readonly name: string; readonly max: number },
): Given<z.infer<Schema>> {
  if (!Array.isArray(body)) return { isList: false, items: [{ given: parse(schema, body, name), place: name }] };
  if (body.length === 0 || body.length > max) {
    throw invalidInput("body", `is a list of ${body.length}; expected 1 to ${max} at once`);
  }
  const items = body.map((value: unknown, index) => {
    const place = `${name}[${index}]`;
    const given = tryParse(schema, value, place);
    return given instanceof UptakeError ? given : { given, place };
  });
  return { isList: true, items };
}

type Outcome<Receipt> =
  | { readonly ok: true; readonly receipt: Receipt }
  | { readonly ok: false; readonly error: UptakeError };

/** Does the good ones together, and gives each its result, in order. */
export async function eachGood<Thing, Receipt>(
  items: readonly (Placed<Thing> | UptakeError)[],
  work: (good: readonly Placed<Thing>[]) => Promise<readonly Outcome<Receipt>[]>,
): Promise<readonly Outcome<Receipt>[]> {
  const good = items.flatMap((item) => (item instanceof UptakeError ? [] : [item]));
  const results = good.length === 0 ? [] : await work(good);
  let next = 0;
  return items.map((item) => {
    if (item instanceof UptakeError) return { ok: false, error: item };
    const result = results[next++];
    if (result === undefined) throw new TypeError("every good one has a result");
    return result;
  });
}
