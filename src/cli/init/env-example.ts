import { options, type Option, type OptionKey } from "../../config/options.ts";
import type { WantedFile } from "./planned-file.ts";

type KeyedOption = Option & { readonly key: OptionKey };

/** What a value looks like, where no default shows it. */
export const EXAMPLES: Readonly<Partial<Record<OptionKey, string>>> = {
  databaseUrl: "postgres://user:password@localhost:5432/app",
  url: "https://uptake.example.com",
  key: "pk-up-1:sk-up-1",
  langfusePublicKey: "pk-lf-1",
  langfuseSecretKey: "sk-lf-1",
  langfuseApiKey: "pk-lf-1:sk-lf-1",
  environment: "production",
  release: "1.0.0",
  retainMonths: "13",
  content: "masked",
  mask: "all",
  openaiApiKey: "sk-1",
  openaiBaseUrl: "http://localhost:11434/v1",
  model: "gpt-4.1-mini",
  prices: "prices.json",
  prompts: "classify-ticket=langfuse:classify@production",
  autoSend: "generate-response=0.9",
  runPending: "generate-message-suggestion",
  port: "4100",
  allowedHosts: "uptake.example.com",
  corsOrigins: "https://desk.example.com",
};

/** What nearly every deployment sets: first, and all that is shown for a file that is there already. */
const FIRST: readonly OptionKey[] = [
  "databaseUrl",
  "langfusePublicKey",
  "langfuseSecretKey",
  "langfuseBaseUrl",
  "environment",
];

const LINE_CHARS = 116;

/** A comment of several lines, broken between words. */
function comment(text: string): string {
  const lines = [""];
  for (const word of text.replaceAll("`", "").split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + word.length + 1 > LINE_CHARS) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.map((line) => `# ${line}`).join("\n");
}

function paragraph(option: KeyedOption): string {
  const value = EXAMPLES[option.key] ?? option.default ?? "";
  const byDefault = option.default === undefined ? "" : ` (default: ${option.default})`;
  return `${comment(option.help + byDefault)}\n# ${option.variables[0] ?? ""}=${value}\n`;
}

const all: readonly KeyedOption[] = options;
const withVariable = all.filter(({ variables }) => variables.length > 0);
const first = FIRST.flatMap((key) => withVariable.filter((option) => option.key === key));
const others = withVariable.filter(({ key }) => !FIRST.includes(key));

const INTRO = `# What Uptake is configured with; nothing has to be set. Copy this file to .env, take away the # before what you set,
# and have your shell read it before you start anything:  set -a; . ./.env; set +a
`;

const content = [
  INTRO,
  ...first.map(paragraph),
  `# The rest, in the order of docs/configuration.md.\n`,
  ...others.map(paragraph),
].join("\n");

const isNamed = ({ variables }: Option, text: string): boolean =>
  variables.some((name) => new RegExp(`\\b${name}\\b`, "u").test(text));

/** `.env.example`: every variable of the option table, all of them commented out. */
export const envExample: WantedFile = {
  kind: "lines",
  path: ".env.example",
  what: "every variable, all of them commented out",
  content,
  // A project that has such a file has its own order in it; what may stay unset need not be in it.
  missingIn(existing) {
    const missing = first.filter((option) => !isNamed(option, existing));
    return missing.length === 0 ? "" : `\n${missing.map(paragraph).join("\n")}`;
  },
  isHarmless: false,
};
