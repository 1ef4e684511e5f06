import type { FoundValues } from "./config.ts";
import { options, type Option, type OptionKey } from "./options.ts";

/** Where an option's value comes from. */
export type ExplainedOption = {
  readonly key: OptionKey;
  /** What it is set by: its variable, or its flag where it has no variable. */
  readonly name: string;
  /** The flag, variable or option that gave the value; null: the default, or nothing at all. */
  readonly place: string | null;
  /** Null where it is unset; a secret is never told. */
  readonly shown: string | null;
};

const all: readonly (Option & { readonly key: OptionKey })[] = options;

/** Every option, in the order of the table, without secrets. */
export function explainOptions(values: FoundValues): readonly ExplainedOption[] {
  return all.map((option) => {
    const found = values.get(option.key);
    const name = option.variables[0] ?? option.flag ?? option.key;
    const shown = found === undefined ? null : option.secret === true ? "set, not shown" : found.text;
    return { key: option.key, name, place: found?.place ?? null, shown };
  });
}

const known = new Set(all.flatMap(({ variables }) => variables));

/** Variables that look like ours and that nobody reads, such as one that is misspelt. */
export const unreadVariables = (names: readonly string[]): readonly string[] =>
  names.filter((name) => name.startsWith("UPTAKE_") && !known.has(name)).sort();
