import type { Config } from "../config/config.ts";
import type { Environment } from "../config/environment.ts";
import { explainOptions, unreadVariables } from "../config/explain.ts";
import type { ExaminedConfig } from "../config/read-config.ts";
import type { DoctorFinding } from "../domain/doctor-report.ts";
import { isLoopback } from "../langfuse/compression.ts";
import type { Check } from "./check.ts";
import { messageOf } from "./check.ts";
import { finding, type FindingCode, well } from "./findings.ts";

export type ConfigNeeds = {
  readonly examined: ExaminedConfig;
  readonly environment: Environment;
  /** Reads the price file; throws what is wrong with it. */
  readonly readPrices: (config: Config) => unknown;
};

/** What the variables and flags say, and what in them does not go together. */
export const CONFIG_CHECKS: readonly Check<ConfigNeeds>[] = [
  { name: "values", run: ({ examined }) => valuesOf(examined) },
  { name: "misspelt variables", run: ({ environment }) => misspelt(environment) },
  {
    name: "prices",
    run: ({ examined: { config }, readPrices }) => (config === null ? [] : prices(config, readPrices)),
  },
  { name: "mix-ups", run: ({ examined: { config } }) => (config === null ? [] : mixUps(config)) },
];

/** What is set and by what, then what is wrong. */
function valuesOf({ values, problems }: ExaminedConfig): readonly DoctorFinding[] {
  // A process that was started by a program knows its configuration, and not where it came from.
  if (values.size === 0) return [];
  const options = explainOptions(values);
  const set = options.filter(({ place }) => place !== null);
  const asDefault = options.filter(({ place, shown }) => place === null && shown !== null);
  return [
    ...set.map(({ name, place, shown }) =>
      well("config.set", `${name} = ${shown} (${place === name ? "variable" : `from ${place}`})`),
    ),
    well("config.defaults", `by default: ${asDefault.map(({ name, shown }) => `${name} = ${shown}`).join(", ")}`),
    ...problems.map(({ place, problem, expected, remedy }) => ({
      ...finding("config.invalid", `${place}: ${problem}; expected ${expected}`),
      remedy,
    })),
  ];
}

const misspelt = (environment: Environment): readonly DoctorFinding[] =>
  unreadVariables(Object.keys(environment)).map((name) =>
    finding("config.unread_variable", `${name} is set and nothing reads it`),
  );

function prices(config: Config, readPrices: ConfigNeeds["readPrices"]): readonly DoctorFinding[] {
  try {
    readPrices(config);
    return config.prices === null ? [] : [well("config.prices", `prices: ${config.prices}`)];
  } catch (error) {
    return [finding("config.prices", messageOf(error))];
  }
}

type MixUp = { readonly code: FindingCode; readonly found: (config: Config) => string | false };

const isProduction = ({ environment }: Config): boolean => /^(?:prod|production|live)(?:$|[-_])/u.test(environment);
/** A word in a key or address that nobody would have in production. */
const TRIAL =
  /(?:^|[-_.])(?:dev|development|test|testing|local|localhost|demo|staging|sandbox|example|stand-in|1234567890)(?:$|[-_.])/u;

const MIX_UPS: readonly MixUp[] = [
  {
    code: "config.cloud_as_default",
    found: ({ langfuse, environment }) =>
      langfuse !== null &&
      isCloud(langfuse.baseUrl) &&
      environment === "default" &&
      `${langfuse.baseUrl} gets the environment "default"`,
  },
  {
    code: "config.production_loopback",
    found: ({ langfuse, environment }) =>
      langfuse !== null &&
      isLoopback(langfuse.baseUrl) &&
      `environment "${environment}" is mirrored into ${langfuse.baseUrl}, on this machine`,
  },
  {
    code: "config.production_dev_key",
    found: ({ langfuse, environment }) =>
      langfuse !== null &&
      [langfuse.publicKey, langfuse.secretKey].some((key) => TRIAL.test(key)) &&
      `environment "${environment}" has Langfuse keys of a development project`,
  },
  {
    code: "config.production_embedded",
    found: ({ databaseUrl, dataDir, environment }) =>
      databaseUrl === null && `environment "${environment}" keeps its data in the embedded database in ${dataDir}`,
  },
  {
    code: "config.production_local_model",
    found: ({ openai, environment }) =>
      openai?.baseUrl !== undefined &&
      openai.baseUrl !== null &&
      isLoopback(openai.baseUrl) &&
      `environment "${environment}" asks the model at ${openai.baseUrl}, on this machine`,
  },
];

const isCloud = (baseUrl: string): boolean => /(?:^|\.)langfuse\.com$/u.test(new URL(baseUrl).hostname);

/** Whether the service is meant to be called: no command tells, but these are set for nothing else. */
const isServed = ({ corsOrigins, allowedHosts, host }: Config): boolean =>
  corsOrigins.length > 0 || allowedHosts.length > 0 || !isLoopbackHost(host);

export const isLoopbackHost = (host: string): boolean =>
  host === "localhost" || host === "::1" || host.startsWith("127.");

function mixUps(config: Config): readonly DoctorFinding[] {
  const asked = MIX_UPS.filter(({ code }) => !code.startsWith("config.production") || isProduction(config));
  const wrong = asked.flatMap(({ code, found }) => {
    const text = found(config);
    return text === false ? [] : [finding(code, text)];
  });
  if (isServed(config) && config.feedbackTokens.secrets.length === 0) {
    wrong.push(
      finding("config.no_feedback_secret", "the service is set up for others, and suggestions have no feedback tokens"),
    );
  }
  return wrong.length > 0
    ? wrong
    : [well("config.mix_ups", `nothing local in environment "${config.environment}", nor the other way round`)];
}
