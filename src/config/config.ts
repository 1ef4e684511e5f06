import type { Durability } from "../domain/durability.ts";
import type { DeskSettings } from "../domain/desk-settings.ts";
import { UptakeError } from "../domain/errors.ts";
import type { ExpiryWindows } from "../domain/expiry.ts";
import type { RetentionAges } from "../domain/retention.ts";
import type { ContentByFunction, MaskRuleName } from "../domain/privacy.ts";
import type { OptionKey } from "./options.ts";

export type LangfuseKeys = { readonly publicKey: string; readonly secretKey: string; readonly baseUrl: string };

/** The Uptake server to record through. */
export type ServerAccess = {
  /** Without a slash at its end. */
  readonly url: string;
  /** Public and secret key, joined; `null` for a server without keys. */
  readonly key: string | null;
};

export type OpenaiAccess = { readonly apiKey: string; readonly baseUrl: string | null; readonly model: string };

/** What is kept of texts, and the built-in rules that mask them. */
export type PrivacyConfig = { readonly content: ContentByFunction; readonly builtIn: readonly MaskRuleName[] };

/** Everything Uptake is configured with; an unset option is `null`. */
export type Config = {
  /** `null`: the embedded database in `dataDir`. Holds the password, so print `withoutPassword` of it. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  /** `null`: the process has a database itself. */
  readonly server: ServerAccess | null;
  readonly durability: Durability;
  readonly spoolDir: string;
  readonly projectId: string;
  readonly environment: string;
  readonly release: string | null;
  readonly expiry: ExpiryWindows;
  /** Months that stay besides the running one; `null`: all of them. */
  readonly retainMonths: number | null;
  readonly retention: RetentionAges;
  readonly privacy: PrivacyConfig;
  /** `null`: no Langfuse is set, so nothing is mirrored, or into the demo's stand-in. */
  readonly langfuse: LangfuseKeys | null;
  /** `null`: the offline model. */
  readonly openai: OpenaiAccess | null;
  readonly desk: DeskSettings;
  /** Path of a file of model prices, or `none`; `null`: the table that Uptake comes with. */
  readonly prices: string | null;
  /** Address that the service listens on. */
  readonly host: string;
  /** Host names that the service is called by, beside this machine's own. */
  readonly allowedHosts: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly feedbackTokens: {
    /** The first signs, all are taken; empty: there are no tokens. */
    readonly secrets: readonly string[];
    /** `null`: as long as the secret. */
    readonly lifetimeMs: number | null;
  };
  /** Requests a second and key; `null`: any number. */
  readonly rateLimit: number | null;
  /** `null`: none is set, so only what has a port of its own listens. */
  readonly port: number | null;
  readonly debug: boolean;
};

/** An option's text and where it came from; a default has no place. */
export type Found = { readonly text: string; readonly place: string | null };
export type FoundValues = ReadonlyMap<OptionKey, Found>;

/** One wrong value: its option, where it came from, what is wrong, what was expected and what to do. */
export type ConfigProblem = {
  readonly option: OptionKey;
  readonly place: string;
  /** The value (`null` for secrets and missing ones) and, in words, what is wrong with it. */
  readonly value: string | null;
  readonly problem: string;
  readonly expected: string;
  readonly remedy: string;
};

const sentence = ({ place, problem, expected, remedy }: ConfigProblem): string =>
  `${place}: ${problem}; expected ${expected}; ${remedy}`;

/** The error that reports every wrong value at once, one line each; `facts.problems` holds them one by one. */
export function invalidConfiguration(problems: readonly ConfigProblem[]): UptakeError {
  return new UptakeError("invalid_configuration", problems.map(sentence).join("\n"), { facts: { problems } });
}

/** A database URL as it may be printed: without password and without parameters, which can hold one too. */
export function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  const user = url.username === "" ? "" : `${url.username}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}`;
}
