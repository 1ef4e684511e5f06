import { retentionOptions } from "./retention-options.ts";

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
  | "mask rules";

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

export const options = [
  {
    key: "databaseUrl",
    flag: "--database-url",
    variables: ["DATABASE_URL"],
    type: "database url",
    secret: true,
    help: "Postgres (15 or newer) to store everything in; unset: the embedded database",
  },
  {
    key: "dataDir",
    flag: "--data-dir",
    variables: ["UPTAKE_DATA_DIR"],
    type: "path",
    default: ".uptake/data",
    help: "directory of the embedded database; unused with a database URL",
  },
  {
    key: "url",
    variables: ["UPTAKE_URL"],
    type: "url",
    help: "Uptake server (`uptake serve`) that `createUptake` records through, in place of a database of its own; commands do not ask it",
  },
  {
    key: "key",
    variables: ["UPTAKE_KEY"],
    type: "uptake key",
    secret: true,
    help: "API key for that server, `pk-up-…:sk-up-…` (`uptake keys create`); unset where the server has no keys",
  },
  {
    key: "durability",
    variables: ["UPTAKE_DURABILITY"],
    type: "durability",
    default: "commit",
    help: "a tracked call returns when Postgres has committed (`commit`) or when the spool has the record (`background`)",
  },
  {
    key: "spoolDir",
    variables: ["UPTAKE_SPOOL_DIR"],
    type: "path",
    default: ".uptake/spool",
    help: "directory of the spool, which keeps records while the database is away; on a local disk",
  },
  {
    key: "projectId",
    variables: ["UPTAKE_PROJECT"],
    type: "text",
    default: "default",
    help: "project that suggestions, feedback and metrics belong to",
  },
  {
    key: "langfusePublicKey",
    variables: ["LANGFUSE_PUBLIC_KEY"],
    type: "text",
    secret: true,
    help: "Langfuse public key; set both keys or neither",
  },
  {
    key: "langfuseSecretKey",
    variables: ["LANGFUSE_SECRET_KEY"],
    type: "text",
    secret: true,
    help: "Langfuse secret key; set both keys or neither",
  },
  {
    key: "langfuseApiKey",
    variables: ["LANGFUSE_API_KEY"],
    type: "api key",
    secret: true,
    help: "both Langfuse keys in one value, `pk-lf-…:sk-lf-…`",
  },
  {
    key: "langfuseBaseUrl",
    variables: ["LANGFUSE_BASE_URL", "LANGFUSE_BASEURL"],
    type: "url",
    default: "https://cloud.langfuse.com",
    help: "the Langfuse to mirror into; used once the keys are set",
  },
  {
    key: "environment",
    variables: ["LANGFUSE_TRACING_ENVIRONMENT"],
    type: "environment name",
    default: "default",
    help: "environment that suggestions are recorded under, here and in Langfuse",
  },
  {
    key: "release",
    variables: ["LANGFUSE_RELEASE"],
    type: "text",
    help: "release of your application, for example a commit",
  },
  {
    key: "expireAfter",
    flag: "--expire-after",
    commands: ["expire"],
    variables: ["UPTAKE_EXPIRE_AFTER"],
    type: "windows",
    default: "7d",
    help: "how long nobody may act on a suggestion until it is expired, by agent function too: `7d,draft-reply=2d,classify=never`",
  },
  {
    key: "abandonAfter",
    flag: "--abandon-after",
    commands: ["expire"],
    variables: ["UPTAKE_ABANDON_AFTER"],
    type: "span",
    default: "15m",
    help: "how long a row may stay pending until its call counts as died, or `never`",
  },
  ...retentionOptions,
  {
    key: "content",
    variables: ["UPTAKE_CONTENT"],
    type: "content",
    help: "what is kept of texts, by agent function too: `full`, `masked` or `none`, `masked,classify-ticket=none`; unset: `full`, or `masked` where `UPTAKE_MASK` is set (docs/privacy.md)",
  },
  {
    key: "mask",
    variables: ["UPTAKE_MASK"],
    type: "mask rules",
    help: "built-in rules that masking uses: `all`, some by name, or `all,-phone`; unset: all, where anything is masked",
  },
  {
    key: "openaiApiKey",
    variables: ["OPENAI_API_KEY"],
    type: "text",
    secret: true,
    help: "key of the model; with neither key nor base URL the offline model answers",
  },
  {
    key: "openaiBaseUrl",
    variables: ["OPENAI_BASE_URL"],
    type: "url",
    help: "any OpenAI-compatible endpoint; may be set alone, as local servers need no key",
  },
  {
    key: "model",
    variables: ["UPTAKE_MODEL"],
    type: "text",
    help: "model to ask, `gpt-4.1-mini` when unset; needs a key or a base URL",
  },
  {
    key: "prices",
    variables: ["UPTAKE_PRICES"],
    type: "path",
    help: "JSON file of model prices, over the table that Uptake comes with (docs/costs.md); `none`: no prices",
  },
  {
    key: "prompts",
    variables: ["UPTAKE_PROMPTS"],
    type: "prompts",
    help: "prompts from Langfuse by agent function, label or version: `generate-message-suggestion=langfuse:reply@production`; the others are files",
  },
  {
    key: "autoSend",
    variables: ["UPTAKE_AUTO_SEND"],
    type: "thresholds",
    help: "above which confidence a first reply is sent without a person, `generate-response=0.9`; unset: never",
  },
  {
    key: "runPending",
    flag: "--run-pending",
    commands: ["worker"],
    variables: ["UPTAKE_RUN_PENDING"],
    type: "agent functions",
    help: "agent functions whose pending rows the worker runs, `generate-message-suggestion,classify-ticket`; unset: none",
  },
  {
    key: "runConcurrency",
    variables: ["UPTAKE_RUN_CONCURRENCY"],
    type: "count",
    default: "4",
    help: "pending rows that one worker runs at once",
  },
  {
    key: "runTimeout",
    variables: ["UPTAKE_RUN_TIMEOUT"],
    type: "span",
    default: "1m",
    help: "longest run of an agent function of the desk, or `never`",
  },
  {
    key: "port",
    flag: "--port",
    commands: ["demo", "serve", "worker"],
    variables: ["UPTAKE_PORT"],
    type: "port",
    help: "port of the service and of the demo (unset: 4100), and of a worker's `/metrics` (unset: none); 0 takes any free one",
  },
  {
    key: "host",
    flag: "--host",
    commands: ["serve"],
    variables: ["UPTAKE_HOST"],
    type: "host",
    default: "127.0.0.1",
    help: "address that the service listens on; any but this machine's own needs API keys (docs/security.md)",
  },
  {
    key: "allowedHosts",
    variables: ["UPTAKE_ALLOWED_HOSTS"],
    type: "hosts",
    help: "names that the service is called by, beside this machine's own: `uptake.example.com,uptake.internal`; needs API keys",
  },
  {
    key: "corsOrigins",
    variables: ["UPTAKE_CORS_ORIGINS"],
    type: "origins",
    help: "origins whose pages may call the service: `https://desk.example.com`",
  },
  {
    key: "feedbackSecret",
    variables: ["UPTAKE_FEEDBACK_SECRET"],
    type: "secrets",
    secret: true,
    help: "signs feedback tokens, 32 characters or more; of several the first signs and all are taken (`new,old`); unset: there are no tokens",
  },
  {
    key: "feedbackTokenLifetime",
    variables: ["UPTAKE_FEEDBACK_TOKEN_LIFETIME"],
    type: "span",
    default: "7d",
    help: "how long a feedback token is taken, or `never` for as long as its secret",
  },
  {
    key: "rateLimit",
    variables: ["UPTAKE_RATE_LIMIT"],
    type: "rate",
    default: "1000",
    help: "requests a second that one API key may make of one process of the service; 0: as many as it likes",
  },
  {
    key: "debug",
    flag: "--debug",
    variables: [],
    type: "boolean",
    help: "log everything, and print the stack of an error",
  },
] as const satisfies readonly Option[];

/** Where `uptake serve` and `uptake demo` listen unless told otherwise; a worker does not listen then. */
export const SERVE_PORT = "4100";

/** Where `uptake demo` keeps its data unless told otherwise: apart from an application's, and made anew each time. */
export const DEMO_DATA_DIR = ".uptake/demo";

export type OptionKey = (typeof options)[number]["key"];
