import { Option as Flag, type Command } from "commander";
import { options, type Option, type OptionKey, type OptionType } from "../config/options.ts";
import type { Given } from "../config/read-config.ts";

/** What a flag's value is called in `--help`; a boolean flag has none. */
const valueNames: Readonly<Record<OptionType, string>> = {
  text: " <text>",
  path: " <path>",
  port: " <port>",
  url: " <url>",
  "database url": " <url>",
  "environment name": " <name>",
  "api key": " <keys>",
  "uptake key": " <keys>",
  boolean: "",
  durability: " <durability>",
  windows: " <windows>",
  span: " <span>",
  "agent functions": " <names>",
  thresholds: " <thresholds>",
  prompts: " <prompts>",
  count: " <count>",
  host: " <address>",
  hosts: " <names>",
  origins: " <origins>",
  secrets: " <secrets>",
  rate: " <count>",
  months: " <months>",
  content: " <content>",
  "mask rules": " <rules>",
  "sample rates": " <rates>",
  "keep rules": " <rules>",
  window: " <span>",
  "units a day": " <count>",
  "USD a day": " <amount>",
};

function helpLine({ help, variables }: Option, fallback: Given[OptionKey]): string {
  const variable = variables[0] === undefined ? [] : [`variable: ${variables[0]}`];
  const known = [...(fallback === undefined ? [] : [`default: ${String(fallback)}`]), ...variable].join(", ");
  return known === "" ? help : `${help} (${known})`;
}

/**
 * Adds the flags of the option table that this command takes. Defaults are shown and not set here, because a
 * flag that was not given must leave room for the variable. `defaults`: where the command's differ from the table's.
 * `only`: the options that mean something to the command, where not all do.
 */
export function addCommonFlags(command: Command, defaults: Given = {}, only?: readonly OptionKey[]): Command {
  for (const option of options as readonly (Option & { key: OptionKey })[]) {
    if (option.flag === undefined || option.commands?.includes(command.name()) === false) continue;
    if (only?.includes(option.key) === false) continue;
    command.addOption(
      new Flag(`${option.flag}${valueNames[option.type]}`, helpLine(option, defaults[option.key] ?? option.default)),
    );
  }
  return command;
}
