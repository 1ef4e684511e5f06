import { assemble } from "./server/assemble.ts";
import { assembleRemote } from "./server/assemble-remote.ts";
import type { Config, LangfuseKeys, ServerAccess } from "./config/config.ts";
import { processEnvironment } from "./config/environment.ts";
import { readConfig } from "./config/read-config.ts";
import type { Durability } from "./domain/durability.ts";
import { UptakeError } from "./domain/errors.ts";
import type { Instruments } from "./domain/instruments.ts";
import type { Logger } from "./domain/logger.ts";
import { MASK_RULES, type MaskRuleName } from "./domain/privacy.ts";
import type { MetricsRequest } from "./domain/metrics-request.ts";
import type { ModelPrices } from "./domain/prices.ts";
import type { FeedbackService, FeedbackSettings } from "./feedback/feedback-service.ts";
import type { MetricsRow } from "./metrics/metrics-row.ts";
import { type CalibrationRow, readCalibration } from "./metrics/read-calibration.ts";
import { readMetrics } from "./metrics/read-metrics.ts";
import { type ReasonRow, readReasons } from "./metrics/read-reasons.ts";
import { readSurvival, type SurvivalRow } from "./metrics/read-survival.ts";
import { checkOwnRules } from "./privacy/check-own-rules.ts";
import type { OwnRule } from "./privacy/own-rules.ts";
import { createStderrLogger } from "./server/stderr-logger.ts";
import type { Tracker } from "./track/tracker.ts";

/** What can be set in code; whatever is left out comes from the environment (docs/configuration.md). */
export type UptakeOptions = FeedbackSettings & {
  /**
   * Uptake server (`uptake serve`) to record through, in place of a database of this process; else `UPTAKE_URL`. What the
   * server decides (database, Langfuse, worker, expiry, thresholds, reasons) cannot be given beside it.
   */
  readonly url?: string | undefined;
  /** API key for that server, `pk-up-…:sk-up-…`; else `UPTAKE_KEY`. */
  readonly key?: string | undefined;
  /** Postgres to record into; else `DATABASE_URL`, else the embedded database in `dataDir`. */
  readonly databaseUrl?: string | undefined;
  readonly dataDir?: string | undefined;
  /**
   * `commit` (the default): an awaited call returns when Postgres has committed its suggestion; where that takes over two
   * seconds, when the spool has it. `background`: when the spool has it, which takes microseconds; Postgres follows.
   */
  readonly durability?: Durability | undefined;
  /** Where records wait while the database is away; a local disk, which the next process sees too. */
  readonly spoolDir?: string | undefined;
  /** With `url`: that of the key, which decides; named here it keeps spools of several projects apart and signs feedback tokens. */
  readonly projectId?: string | undefined;
  readonly environment?: string | undefined;
  readonly release?: string | undefined;
  /** Langfuse to mirror into; `baseUrl` may be left out for Langfuse Cloud. */
  readonly langfuse?: (Omit<LangfuseKeys, "baseUrl"> & { readonly baseUrl?: string | undefined }) | undefined;
  /** Mirror and add up in this process. True by default; say false where `uptake worker` does it. */
  readonly worker?: boolean | undefined;
  /** How long nobody may act on a suggestion until it is expired, such as `7d,draft-reply=2d,classify=never`. */
  readonly expireAfter?: string | undefined;
  /** How long a row may stay pending until its call counts as died, such as `15m`. */
  readonly abandonAfter?: string | undefined;
  /** What models cost, over the file of `UPTAKE_PRICES` and the table that Uptake comes with; `null`: unknown. See docs/costs.md. */
  readonly prices?: ModelPrices | undefined;
  /** What is kept of texts, by agent function: `full`, `masked` or `none`, such as `masked,classify-ticket=none`. */
  readonly content?: string | undefined;
  /** How texts are masked; given at all, they are, unless `content` says otherwise. */
  readonly mask?: MaskOptions | undefined;
  /** Structured lines; warnings and errors go to standard error by default. */
  readonly log?: Logger | undefined;
  /** Told what happens inside, for your own `/metrics`: `createPrometheus().instruments` of `uptake/server`. */
  readonly instruments?: Instruments | undefined;
};

export type MaskOptions = {
  /** Rules of your own, which look first. What fails, or takes over 5 ms a text, masks the whole text. */
  readonly rules?: readonly OwnRule[] | undefined;
  /** Which of the built-in rules; all by default. */
  readonly builtIn?: readonly MaskRuleName[] | undefined;
};

export type Uptake = {
  /** Wraps an agent function, so that every call becomes a suggestion with its trace. See `Run` for what it can say. */
  readonly track: Tracker["track"];
  /** Records what a person said about a suggestion; of a list, all that is right, in one transaction, with a result each. */
  readonly feedback: FeedbackService["feedback"];
  /** Records what a person sent and infers approval, revision or rejection; undefined where there is no open suggestion. */
  readonly sent: FeedbackService["sent"];
  /** Marks what a person has seen: one suggestion or a list; the first time counts. */
  readonly shown: FeedbackService["shown"];
  /**
   * The metrics of the project, live to the last commit: a row for each bucket and combination of `by`, by time. Every
   * figure is defined in docs/metrics.md. Rejects with `invalid_input` for a question that makes no sense.
   *
   * @example await uptake.readMetrics({ from, to, bucket: "day", by: ["function"], zone: "Europe/Berlin" });
   */
  readMetrics(request: MetricsRequest): Promise<MetricsRow[]>;
  /** Why suggestions were revised or rejected, by the time of that decision; the most frequent reason first. */
  readReasons(request: MetricsRequest): Promise<ReasonRow[]>;
  /** How often confidences are right: reliability table and Brier score. */
  readCalibration(request: MetricsRequest): Promise<CalibrationRow[]>;
  /** Time to feedback over the whole range as a survival curve, the still open ones taken into account. */
  readSurvival(request: MetricsRequest): Promise<SurvivalRow[]>;
  /** Opens the database now instead of at the first call, or asks the server for it; throws what keeps it from opening. */
  start(): Promise<void>;
  /** Resolves once everything recorded so far is committed in the database; rejects saying how much is not. */
  flush(): Promise<void>;
  /** Commits what waits, within a deadline, and closes; the rest waits in the spool. Call it when the process ends. */
  close(): Promise<void>;
};

/**
 * Uptake for one process, over a database or, with `url`, over an Uptake server. Opens nothing yet, but throws
 * `invalid_configuration` at once where a value is wrong, such as one half of the Langfuse keys.
 *
 * @example
 * const uptake = createUptake();
 * const draftReply = uptake.track("draft-reply", async (input: { ticketId: string }, run) =>
 *   run.suggest(await draft(input), { ticketId: input.ticketId }));
 * const { suggestionId } = await draftReply({ ticketId: "42" });
 * await uptake.sent({ suggestionId, finalText: "What the person really sent" });
 */
export function createUptake(options: UptakeOptions = {}): Uptake {
  const { url, key, databaseUrl, dataDir, durability, spoolDir, langfuse } = options;
  const { projectId, environment, release, expireAfter, abandonAfter, content, mask } = options;
  const place = { url, key, databaseUrl, dataDir, durability, spoolDir };
  const given = { ...place, projectId, environment, release, expireAfter, abandonAfter, content };
  const keys = langfuse && {
    langfusePublicKey: langfuse.publicKey,
    langfuseSecretKey: langfuse.secretKey,
    langfuseBaseUrl: langfuse.baseUrl,
  };
  const masking = mask && { mask: maskText(mask) };
  const config = readConfig({ code: { ...given, ...keys, ...masking }, environment: processEnvironment() });
  return config.server === null ? overDatabase(config, options) : overServer(config, config.server, options);
}

function overDatabase(config: Config, options: UptakeOptions): Uptake {
  const { worker = true, thresholds, reasons, ignoreInSent, instruments, prices, mask } = options;
  const parts = assemble(config, {
    log: logOf(config, options),
    worker,
    feedback: { thresholds, reasons, ignoreInSent },
    maskRules: checkOwnRules(mask?.rules ?? []),
    instruments,
    prices,
  });
  const { tracker, feedback } = parts;
  const ofProject = (request: MetricsRequest) => ({ ...request, projectId: config.projectId });
  return {
    track: (name, fn, trackOptions) => tracker.track(name, fn, trackOptions),
    feedback: feedback.feedback,
    sent: feedback.sent,
    shown: feedback.shown,
    readMetrics: (request) => readMetrics(parts.db, ofProject(request)),
    readReasons: (request) => readReasons(parts.db, ofProject(request)),
    readCalibration: (request) => readCalibration(parts.db, ofProject(request)),
    readSurvival: (request) => readSurvival(parts.db, ofProject(request)),
    start: () => parts.start(),
    flush: () => tracker.flush(),
    close: () => parts.close(),
  };
}

function overServer(config: Config, server: ServerAccess, options: UptakeOptions): Uptake {
  refuseBesideServer(server, options);
  const { instruments, prices, mask } = options;
  const parts = assembleRemote(config, {
    server,
    log: logOf(config, options),
    instruments,
    prices,
    maskRules: checkOwnRules(mask?.rules ?? []),
  });
  const { tracker } = parts;
  return {
    track: (name, fn, trackOptions) => tracker.track(name, fn, trackOptions),
    ...parts.feedback,
    ...parts.metrics,
    start: () => parts.start(),
    flush: () => tracker.flush(),
    close: () => parts.close(),
  };
}

const logOf = (config: Config, { log }: UptakeOptions): Logger => log ?? createStderrLogger({ debug: config.debug });

/** As the variable says it. */
const maskText = ({ builtIn = MASK_RULES }: MaskOptions): string =>
  builtIn.length === 0 ? ["all", ...MASK_RULES.map((rule) => `-${rule}`)].join(",") : builtIn.join(",");

/** What only a process with a database of its own can follow. Variables of that kind may be another program's. */
const NEEDS_DATABASE = [
  "databaseUrl",
  "dataDir",
  "langfuse",
  "worker",
  "expireAfter",
  "abandonAfter",
  "thresholds",
  "reasons",
  "ignoreInSent",
] as const satisfies readonly (keyof UptakeOptions)[];

function refuseBesideServer({ url }: ServerAccess, options: UptakeOptions): void {
  const names = NEEDS_DATABASE.filter((name) => options[name] !== undefined);
  if (names.length === 0) return;
  throw new UptakeError(
    "invalid_configuration",
    `${names.join(", ")}: given beside the server at ${url}, which decides that itself; leave out ${names.length === 1 ? "it" : "them"}, or url (UPTAKE_URL)`,
    { facts: { options: names, url } },
  );
}
