/** How the text of an option is read; `read-value.ts` holds one reader for each. */
export type OptionType =
  | "text"
  | "path"
  | "port"
  | "url"
  | "database url"
  | "environment name"
  | "api key"
  | "uptake key"
  | "boolean"
  | "windows"
  | "span"
  | "durability"
  | "agent functions"
  | "thresholds"
  | "prompts"
  | "count"
  | "host"
  | "hosts"
  | "origins"
  | "secrets"
  | "rate"
  | "months"
  | "content"
  | "mask rules"
  | "sample rates"
  | "keep rules"
  | "window"
  | "units a day"
  | "USD a day";

/** One thing that can be configured. Flags, variables, `--help` and docs/configuration.md all come from here. */
export type Option = {
  readonly key: string;
  /** The flag, without its value; where missing, the option is set by variable only. */
  readonly flag?: `--${string}`;
  /** Commands that take the flag; all of them where missing. */
  readonly commands?: readonly string[];
  /** Variables in the order in which they are asked; the first that is set counts. */
  readonly variables: readonly string[];
  readonly type: OptionType;
  /** What counts when nothing is set; where missing, the option is unset. */
  readonly default?: string;
  /** A secret is never printed, not even in the message that says it is wrong. */
  readonly secret?: true;
  readonly help: string;
};
