import { UptakeError } from "../../domain/errors.ts";

/**
 * One thing that Langfuse would drop after a 200, refuse, or keep in another form without saying so, and what is done
 * about it. Rules stand in ordered tables; docs/mirror.md lists them all.
 */
export type Rule<Item> = RuleFacts & {
  /**
   * The item as Langfuse keeps it: the same object where nothing was wrong, undefined where nothing is left to send.
   * Throws {@link unsendable} where no rule can tell what was meant.
   */
  readonly apply: (item: Item) => Item | undefined;
};

export type RuleFacts = {
  /** Stable: it stands in logs, in dead letters and in an observation's metadata. */
  readonly name: string;
  /** Whether something that was said is lost or altered by it, and not only written in another way. */
  readonly loses: boolean;
};

/** Told of every item that a rule has changed. */
export type Note = (rule: RuleFacts) => void;

export const noteNothing: Note = () => {};

/** Applies the rules in order. */
export function applyRules<Item>(item: Item, rules: readonly Rule<Item>[], note: Note): Item | undefined {
  let current: Item | undefined = item;
  for (const rule of rules) {
    if (current === undefined) return undefined;
    const next: Item | undefined = rule.apply(current);
    if (next !== current) note(rule);
    current = next;
  }
  return current;
}

const SHOWN_CHARS = 80;

/** Something that no rule can mend. The message becomes a dead letter's reason: rule, field, value, expectation, remedy. */
export function unsendable(
  rule: string,
  field: string,
  value: unknown,
  { expected, remedy }: { readonly expected: string; readonly remedy: string },
): UptakeError {
  const message = `rule ${rule}: ${field} is ${shown(value)}; expected ${expected}; ${remedy}, then run uptake mirror retry`;
  return new UptakeError("mirror_failed", message, { facts: { rule, field } });
}

function shown(value: unknown): string {
  const text = isPlain(value) ? String(value) : JSON.stringify(value instanceof Date ? value.toISOString() : value);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS).toWellFormed()}…` : text;
}

/** What JSON has no word for, such as Infinity or a date that is none. */
const isPlain = (value: unknown): boolean =>
  typeof value === "number" || value === undefined || (value instanceof Date && Number.isNaN(value.getTime()));
