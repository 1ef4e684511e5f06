import { options, type Option } from "./options.ts";

const all: readonly Option[] = options;

/** Width of the widest of these texts, in characters. */
const widest = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length));

const code = (text: string): string => `\`${text}\``;

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => widest([title, ...rows.map((row) => row[column] ?? "")]));
  const line = (cells: readonly string[], filler: string): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, filler)).join(" | ")} |`;
  const rule = header.map(() => "-".repeat(3));
  return [line(header, " "), line(rule, "-"), ...rows.map((row) => line(row, " "))].join("\n");
}

function row(option: Option): readonly string[] {
  const commands = option.commands === undefined ? "" : ` (${option.commands.join(", ")})`;
  return [
    option.variables.map(code).join(", ") || "–",
    option.flag === undefined ? "–" : code(option.flag) + commands,
    option.type,
    option.default === undefined ? "–" : code(option.default),
    option.secret === true ? `${option.help}; never printed` : option.help,
  ];
}

/** Every option as a markdown table, for docs/configuration.md. */
export const configurationTable = (): string => table(["variable", "flag", "type", "default", "what"], all.map(row));

/** The variables and what they are for, as aligned lines for `uptake --help`. */
export function variablesHelp(): string {
  const named = all.filter(({ variables }) => variables.length > 0);
  const width = widest(named.map(({ variables }) => variables[0] ?? ""));
  const lines = named.map((option) => {
    const value = option.default === undefined ? "" : ` (default: ${option.default})`;
    return `  ${(option.variables[0] ?? "").padEnd(width)}  ${option.help.replaceAll("`", "")}${value}`;
  });
  return ["Environment variables:", ...lines].join("\n");
}
