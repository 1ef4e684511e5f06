import {
  invalidConfiguration,
  type Config,
  type ConfigProblem,
  type Found,
  type FoundValues,
  type PrivacyConfig,
} from "./config.ts";
import { parseSpan, parseWindows } from "../domain/expiry.ts";
import { MASK_RULES, parseContent, parseMaskRules } from "../domain/privacy.ts";
import type { Environment } from "./environment.ts";
import { options, type Option, type OptionKey } from "./options.ts";
import { readDesk } from "./read-desk.ts";
import { readLangfuse } from "./read-langfuse.ts";
import { readOpenai } from "./read-openai.ts";
import { readServer } from "./read-server.ts";
import { readValue } from "./read-value.ts";

/** Values by option key, from flags or from code; an empty text counts as unset, as it does in the environment. */
export type Given = Readonly<Partial<Record<OptionKey, string | number | boolean | null | undefined>>>;

/** Where values come from; `code` are options given by a program, named by their key in messages. */
export type ConfigSources = {
  readonly code?: Given;
  readonly flags?: Given;
  readonly environment: Environment;
  /** Defaults of one command that differ from the table's. */
  readonly defaults?: Given;
};

export type ExaminedConfig = {
  readonly config: Config | null;
  readonly problems: readonly ConfigProblem[];
  readonly values: FoundValues;
};

/** More of a wrong value than this would hide the message. */
const SHOWN_CHARS = 80;

type KeyedOption = Option & { readonly key: OptionKey };
/** A value as it was given, and where. */
type Candidate = readonly [value: Given[OptionKey], place: string];

function find(option: KeyedOption, sources: ConfigSources): Found | undefined {
  const candidates: readonly Candidate[] = [
    [sources.code?.[option.key], option.key],
    [sources.flags?.[option.key], option.flag ?? option.key],
    ...option.variables.map((name): Candidate => [sources.environment[name], name]),
  ];
  for (const [value, place] of candidates) {
    const text = value === undefined || value === null ? "" : String(value).trim();
    if (text !== "") return { text, place };
  }
  const fallback = sources.defaults?.[option.key] ?? option.default;
  return fallback === undefined ? undefined : { text: String(fallback), place: null };
}

/** Reads one option; what is wrong with it is added to the problems and the option counts as unset. */
function readOption(option: KeyedOption, sources: ConfigSources, problems: ConfigProblem[]): Found | undefined {
  const found = find(option, sources);
  if (found === undefined) return undefined;
  const reading = readValue(option.type, found.text);
  if (reading.ok) return { text: reading.value, place: found.place };
  // An address can hold a password where none belongs, so one with an @ is not repeated either.
  const hidden = option.secret === true || (option.type === "url" && found.text.includes("@"));
  problems.push({
    option: option.key,
    place: found.place ?? option.key,
    value: hidden ? null : found.text,
    problem: hidden ? "got a value that is not shown here" : `got ${JSON.stringify(found.text.slice(0, SHOWN_CHARS))}`,
    expected: reading.expected,
    remedy: reading.remedy,
  });
  return undefined;
}

function readAll(sources: ConfigSources, problems: ConfigProblem[]): Map<OptionKey, Found> {
  const values = new Map<OptionKey, Found>();
  for (const option of options) {
    const found = readOption(option, sources, problems);
    if (found !== undefined) values.set(option.key, found);
  }
  return values;
}

function numberOf(values: FoundValues, key: OptionKey): number | null {
  const found = values.get(key);
  return found === undefined ? null : Number(found.text);
}

/** Who names rules wants them used. */
const readPrivacy = (content: string | null, mask: string | null): PrivacyConfig => ({
  content: parseContent(content ?? (mask === null ? "full" : "masked")) ?? { general: "masked", byFunction: new Map() },
  builtIn: parseMaskRules(mask ?? "all") ?? MASK_RULES,
});

/** A list as it comes out of its reader. */
const listOf = (text: string | null): readonly string[] => text?.split(",") ?? [];

/**
 * Reads the configuration: code over flags over environment over defaults. Opens nothing.
 * Throws one `invalid_configuration` with everything that is wrong; secrets are in no message.
 *
 * @example readConfig({ flags: { port: "8080" }, environment: processEnvironment() }).port // 8080
 */
export function readConfig(sources: ConfigSources): Config {
  const { config, problems } = examineConfig(sources);
  if (config === null) throw invalidConfiguration(problems);
  return config;
}

/** The same without throwing: `config` is null where there are problems. `values` say where each came from, secrets included. */
export function examineConfig(sources: ConfigSources): ExaminedConfig {
  const problems: ConfigProblem[] = [];
  const values = readAll(sources, problems);
  const langfuse = readLangfuse(values, problems);
  const openai = readOpenai(values, problems);
  const server = readServer(values, problems);
  const desk = readDesk(values, langfuse, problems);
  const config = problems.length > 0 ? null : configOf(values, { langfuse, openai, server, desk });
  return { config, problems, values };
}

function configOf(
  values: FoundValues,
  { langfuse, openai, server, desk }: Pick<Config, "langfuse" | "openai" | "server" | "desk">,
): Config {
  const text = (key: OptionKey): string | null => values.get(key)?.text ?? null;
  return {
    databaseUrl: text("databaseUrl"),
    dataDir: text("dataDir") ?? "",
    server,
    durability: text("durability") === "background" ? "background" : "commit",
    spoolDir: text("spoolDir") ?? "",
    projectId: text("projectId") ?? "",
    environment: text("environment") ?? "",
    release: text("release"),
    expiry: {
      ...(parseWindows(text("expireAfter") ?? "") ?? { expireAfterMs: null, byFunction: new Map() }),
      abandonAfterMs: parseSpan(text("abandonAfter") ?? "") ?? null,
    },
    retainMonths: numberOf(values, "retainMonths"),
    retention: {
      contentMs: parseSpan(text("retainContent") ?? "") ?? null,
      tracesMs: parseSpan(text("retainTraces") ?? "") ?? null,
      rowsMs: parseSpan(text("retainRows") ?? "") ?? null,
    },
    privacy: readPrivacy(text("content"), text("mask")),
    langfuse,
    openai,
    desk,
    prices: text("prices"),
    host: text("host") ?? "",
    allowedHosts: listOf(text("allowedHosts")),
    corsOrigins: listOf(text("corsOrigins")),
    feedbackTokens: {
      secrets: listOf(text("feedbackSecret")),
      lifetimeMs: parseSpan(text("feedbackTokenLifetime") ?? "") ?? null,
    },
    rateLimit: Number(text("rateLimit")) || null,
    port: numberOf(values, "port"),
    debug: text("debug") === "true",
  };
}
