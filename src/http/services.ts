import type { NewSent } from "../contract/new-sent.ts";
import type { NewShown } from "../contract/new-shown.ts";
import type { DoctorReport } from "../domain/doctor-report.ts";
import type { MirrorMessageKind, MirrorOverview } from "../domain/mirror-report.ts";
import type { ShownReceipt } from "../feedback/shown.ts";
import type { FeedbackReceipt, FeedbackResult } from "../feedback/write-events.ts";
import type { MetricsQuery } from "../metrics/metrics-query.ts";
import type { MetricsRow } from "../metrics/metrics-row.ts";
import type { CalibrationRow } from "../metrics/read-calibration.ts";
import type { ReasonRow } from "../metrics/read-reasons.ts";
import type { SurvivalRow } from "../metrics/read-survival.ts";
import type { PlacedFeedback } from "../service/feedback-intake.ts";
import type { LiveListener } from "../service/live.ts";
import type { SetUp } from "../service/set-up.ts";
import type { BrowsedPage, BrowsedSuggestion } from "../service/suggestion-browser.ts";
import type { IntakeResult, Placed } from "../service/suggestion-intake.ts";
import type { ListFilter } from "../store/queries/list-suggestions.ts";
import type { ProbeServices } from "./probes.ts";

export type HttpMirrorStatus = MirrorOverview & {
  readonly deliveredScoreCount: number;
  readonly deliveredFeedbackObservationCount: number;
};

export type BrowseFilter = Omit<ListFilter, "after"> & { readonly cursor?: string | undefined };

/** What the routes need; they parse and reply, these compute. Everything is of one project. */
export type HttpServices = ProbeServices & {
  takeSuggestions(projectId: string, given: readonly Placed[]): Promise<readonly IntakeResult[]>;
  /** Null where no secret for tokens is set. */
  feedbackToken(projectId: string, suggestionId: string): string | null;
  takeFeedback(projectId: string, given: readonly PlacedFeedback[]): Promise<readonly FeedbackResult[]>;
  sent(projectId: string, given: NewSent): Promise<FeedbackReceipt | undefined>;
  shown(projectId: string, suggestionId: string, given: NewShown): Promise<ShownReceipt>;
  browse(filter: BrowseFilter): Promise<BrowsedPage>;
  suggestion(suggestionId: string, projectId: string): Promise<BrowsedSuggestion>;
  metrics(query: MetricsQuery): Promise<readonly MetricsRow[]>;
  reasons(query: MetricsQuery): Promise<readonly ReasonRow[]>;
  calibration(query: MetricsQuery): Promise<readonly CalibrationRow[]>;
  survival(query: MetricsQuery): Promise<readonly SurvivalRow[]>;
  mirror(projectId: string): Promise<HttpMirrorStatus>;
  /** Puts the project's dead letters, of one kind or (null) of all, back into the outbox; resolves to how many. */
  retryDead(projectId: string, kind: MirrorMessageKind | null): Promise<number>;
  setUp(projectId: string): Promise<SetUp>;
  /** What is wrong with this deployment. */
  doctor(): Promise<DoctorReport>;
  listen(projectId: string, listener: LiveListener): () => void;
};
