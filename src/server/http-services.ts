import { UptakeError } from "../domain/errors.ts";
import type { DoctorReport } from "../domain/doctor-report.ts";
import type { LangfuseStanding } from "../domain/langfuse-standing.ts";
import type { Logger } from "../domain/logger.ts";
import { asItIs, type Privacy } from "../domain/privacy.ts";
import type { SuggestionRecord } from "../domain/suggestion.ts";
import type { SuggestionRow } from "../domain/suggestion-row.ts";
import { createFeedbackService, type FeedbackService } from "../feedback/feedback-service.ts";
import type { Prometheus } from "../http/prometheus.ts";
import type { HttpServices } from "../http/services.ts";
import { readCalibration } from "../metrics/read-calibration.ts";
import { readMetrics } from "../metrics/read-metrics.ts";
import { readReasons } from "../metrics/read-reasons.ts";
import { readSurvival } from "../metrics/read-survival.ts";
import { createFeedbackIntake } from "../service/feedback-intake.ts";
import type { FeedbackTokens } from "../service/feedback-tokens.ts";
import { createLive } from "../service/live.ts";
import { readSetUp } from "../service/set-up.ts";
import { browseSuggestion, browseSuggestions } from "../service/suggestion-browser.ts";
import { createSuggestionIntake } from "../service/suggestion-intake.ts";
import type { Database } from "../store/database.ts";
import { type InsertFate, insertSuggestions } from "../store/queries/insert-suggestions.ts";
import { retryDeadLetters } from "../store/queries/retry-dead-letters.ts";
import { createGroupCommit, givenUp } from "../track/group-commit.ts";
import { rowOf } from "../track/rows.ts";
import type { Parts } from "./assemble.ts";
import { withDeskReasons } from "./desk-reasons.ts";
import { readMirrorOverview } from "./mirror-overview.ts";
import { probeServices } from "./serve-probes.ts";

/** Shorter than callers usually wait; what is not committed by then is to be sent again. */
const COMMIT_TIMEOUT_MS = 10_000;
const LIVE_EVERY_MS = 1_000;
const MAX_LIVE_LISTENERS = 200;

export type HttpSettings = {
  readonly prometheus: Prometheus;
  readonly log: Logger;
  /** Address of the Langfuse that is mirrored into. */
  readonly target: string | null;
  /** Most units that a project may mirror in a UTC day; null: any number. */
  readonly dailyUnitLimit: number | null;
  readonly tokens: Pick<FeedbackTokens, "issue">;
  /** How it stands with the Langfuse that is mirrored into. */
  readonly langfuse: () => Promise<LangfuseStanding>;
  /** What is wrong with this deployment. */
  readonly doctor: () => Promise<DoctorReport>;
};

export type HttpParts = {
  readonly services: HttpServices;
  /** Ends what listens, so that a server can end. */
  endLive(): Promise<void>;
  /** Commits what waits. */
  close(): Promise<void>;
};

/** What the routes need, for every project in the database. */
export function createHttpServices(
  {
    db,
    reading,
    tracker,
    privacy,
  }: Pick<Parts, "db" | "reading" | "privacy"> & { readonly tracker: Pick<Parts["tracker"], "flush"> },
  { prometheus, log, target, dailyUnitLimit, tokens, langfuse, doctor }: HttpSettings,
): HttpParts {
  const now = (): Date => new Date();
  const writer = createWriter(db, log);
  const suggestions = createSuggestionIntake({ db, record: writer.record, privacy, now, timeoutMs: COMMIT_TIMEOUT_MS });
  const told = <Result extends Refusable>(result: Result): Result => masked(result, privacy);
  const flushSuggestions = async (): Promise<void> => {
    await Promise.all([writer.flush(), tracker.flush()]);
  };
  const reasons = withDeskReasons(undefined);
  const byProject = new Map<string, FeedbackService>();
  const serviceOf = (projectId: string): FeedbackService => {
    const known =
      byProject.get(projectId) ?? createFeedbackService({ db, projectId, privacy, now, reasons, flushSuggestions });
    byProject.set(projectId, known);
    return known;
  };
  const feedback = createFeedbackIntake({ serviceOf, now });
  const live = createLive({ db, everyMs: LIVE_EVERY_MS, maxListeners: MAX_LIVE_LISTENERS });
  const services: HttpServices = {
    ...probeServices({ db }, prometheus),
    takeSuggestions: async (projectId, given) => (await suggestions.take(projectId, given)).map(told),
    feedbackToken: (projectId, suggestionId) => tokens.issue({ projectId, suggestionId }),
    takeFeedback: async (projectId, given) => (await feedback.take(projectId, given)).map(told),
    sent: (projectId, given) => feedback.sent(projectId, given),
    shown: (projectId, suggestionId, given) => feedback.shown(projectId, suggestionId, given),
    browse: (filter) => browseSuggestions(reading, filter),
    suggestion: (suggestionId, projectId) => browseSuggestion(reading, suggestionId, projectId),
    metrics: (query) => readMetrics(reading, query),
    reasons: (query) => readReasons(reading, query),
    calibration: (query) => readCalibration(reading, query),
    survival: (query) => readSurvival(reading, query),
    mirror: (projectId) => readMirrorOverview(reading, { target, dailyUnitLimit }, projectId),
    retryDead: (projectId, kind) => retryDeadLetters(db, kind, projectId),
    setUp: (projectId) => readSetUp({ db: reading, langfuse }, projectId),
    doctor,
    listen: live.listen,
  };
  return { services, endLive: live.close, close: () => writer.close() };
}

type Refusable = { readonly ok: true } | { readonly ok: false; readonly error: UptakeError };

/** A refusal quotes what it refuses. */
function masked<Result extends Refusable>(result: Result, privacy: Privacy): Result {
  if (result.ok || privacy === asItIs) return result;
  const { code, message, facts } = result.error;
  return { ...result, error: new UptakeError(code, privacy.said(message), { facts }) };
}

type Writer = {
  record(this: void, record: SuggestionRecord): Promise<InsertFate>;
  flush(): Promise<void>;
  close(): Promise<void>;
};

/** Statements in flight: while Postgres commits one, the next is put together. More would only share the load among more. */
const LANES = 2;

/** The same lane for the same id, so that of two records with one id the one that came first counts. */
const laneOf = (id: string): number => id.charCodeAt(id.length - 1) % LANES;

/**
 * The tracker's way into the database, with its group commit and without its spool: over HTTP a success means committed, and
 * nothing less.
 */
function createWriter(db: Database, log: Logger): Writer {
  const fates = new WeakMap<SuggestionRow, InsertFate>();
  const write = async (rows: readonly SuggestionRow[]): Promise<void> => {
    for (const [index, fate] of (await insertSuggestions(db, rows)).entries()) {
      const row = rows[index];
      if (fate !== "written" && row !== undefined) fates.set(row, fate);
    }
  };
  const lanes = Array.from({ length: LANES }, () => createGroupCommit({ log, write }));
  return {
    record: (record) =>
      new Promise((resolve, reject) => {
        const row = rowOf(record);
        const isTaken = lanes[laneOf(row.id)]?.offer(row, (error) => {
          if (error === undefined) resolve(fates.get(row) ?? "written");
          else reject(error);
        });
        if (isTaken !== true) reject(givenUp("too many wait for the database already"));
      }),
    flush: async () => void (await Promise.all(lanes.map((lane) => lane.flush()))),
    close: async () => void (await Promise.all(lanes.map((lane) => lane.close()))),
  };
}
