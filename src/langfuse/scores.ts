import type { FeedbackRow } from "../domain/feedback-row.ts";
import { namedId, scoreIdOf } from "../domain/ids.ts";
import { storableText } from "../domain/text.ts";
import { FEEDBACK_ROW_RULES } from "./checks/row-rules.ts";
import { applyRules, type Note, noteNothing } from "./checks/rule.ts";
import { SCORE_RULES } from "./checks/score-rules.ts";
import { normalizeEnvironment } from "./environment.ts";
import { scoredObservationId } from "./otlp.ts";
import { configTakes, type ScoreConfigFacts } from "./score-configs.ts";
import { SCORE_NAME } from "./score-names.ts";

type ScoreValue =
  | { readonly dataType: "CATEGORICAL" | "CORRECTION"; readonly value: string }
  | { readonly dataType: "BOOLEAN"; readonly value: 0 | 1 }
  | { readonly dataType: "NUMERIC"; readonly value: number };

export type ScoreBody = ScoreValue & {
  readonly id: string;
  readonly name: string;
  readonly traceId: string;
  readonly observationId?: string;
  readonly environment: string;
  readonly comment?: string;
  readonly configId?: string;
  readonly metadata: Readonly<Record<string, string>>;
};

/** One `score-create` event of Langfuse's ingestion API. The score gets the event's timestamp. */
export type ScoreEvent = {
  readonly id: string;
  readonly type: "score-create";
  readonly timestamp: string;
  readonly body: ScoreBody;
};

/** By score name: the config that scores of this name are sent under, where they fit it. */
export type ScoreConfigs = ReadonlyMap<string, ScoreConfigFacts & { readonly id: string }>;

const NO_CONFIGS: ScoreConfigs = new Map();

/**
 * One feedback event as Langfuse scores. Pure, and the same bytes for the same row: Langfuse knows a score by its id,
 * name and the UTC day of its timestamp, so with all three fixed a repeated delivery overwrites and never doubles.
 *
 * - `feedback` CATEGORICAL: approval, revision or rejection; its comment is the person's, or else the reasons
 * - `accepted` BOOLEAN: 1 for an approval; 0 for a revision and a rejection
 * - `feedback-reason` CATEGORICAL, one for each reason that is given
 * - `kept-ratio` NUMERIC 0–1, where known
 * - `time-to-feedback` NUMERIC in **seconds**, where known
 * - `output` CORRECTION: what was sent instead, for a revision
 *
 * What Langfuse would drop goes through the rules in `checks/`; `note` is told what they changed. Under a config only
 * what fits it is sent. Throws `mirror_failed` for what no rule can mend.
 */
export function feedbackToScores(
  given: FeedbackRow,
  { configs = NO_CONFIGS, note = noteNothing }: { readonly configs?: ScoreConfigs; readonly note?: Note } = {},
): ScoreEvent[] {
  const row = applyRules(given, FEEDBACK_ROW_RULES, noteNothing) ?? given;
  const timestamp = row.createdAt.toISOString();
  return bodiesOf(row).flatMap((draft) => {
    const checked = applyRules(draft, SCORE_RULES, note);
    if (checked === undefined) return [];
    const config = configs.get(checked.name);
    const body = config !== undefined && configTakes(config, checked) ? { ...checked, configId: config.id } : checked;
    // Langfuse files an event under its id: a retry must repeat it, changed content must not.
    const id = namedId("score-create", timestamp, JSON.stringify(body));
    return [{ id, type: "score-create" as const, timestamp, body }];
  });
}

function bodiesOf(row: FeedbackRow): ScoreBody[] {
  const reasons = [...new Set([row.reason, ...row.otherReasons].flatMap((reason) => textOrNothing(reason) ?? []))];
  const finalText = row.type === "revision" ? textOrNothing(row.finalText) : undefined;
  const seconds = row.timeToFeedbackMs === null ? null : row.timeToFeedbackMs / 1000;
  const said = textOrNothing(row.comment) ?? reasons.join(", ");
  const comment = said === "" ? {} : { comment: said };
  return [
    scoreBody(row, SCORE_NAME.feedback, { dataType: "CATEGORICAL", value: row.type }, comment),
    scoreBody(row, SCORE_NAME.accepted, { dataType: "BOOLEAN", value: row.type === "approval" ? 1 : 0 }),
    ...reasons.map((reason, index) =>
      scoreBody(row, SCORE_NAME.reason, { dataType: "CATEGORICAL", value: reason }, reasonKey(reason, index)),
    ),
    ...numeric(row, SCORE_NAME.keptRatio, row.keptRatio),
    ...numeric(row, SCORE_NAME.timeToFeedback, seconds),
    ...(finalText === undefined
      ? []
      : [scoreBody(row, SCORE_NAME.correction, { dataType: "CORRECTION", value: finalText })]),
  ];
}

function numeric(row: FeedbackRow, name: string, value: number | null): ScoreBody[] {
  return value === null ? [] : [scoreBody(row, name, { dataType: "NUMERIC", value })];
}

/** Scores of one name and day need ids of their own, or the last would overwrite the others. */
const reasonKey = (reason: string, index: number): { key?: string } =>
  index === 0 ? {} : { key: `${SCORE_NAME.reason}:${reason}` };

type Extra = { readonly comment?: string; readonly key?: string };

function scoreBody(row: FeedbackRow, name: string, value: ScoreValue, { key = name, ...extra }: Extra = {}): ScoreBody {
  return {
    id: scoreIdOf(row.id, key),
    name,
    ...value,
    traceId: row.traceId,
    ...subjectOf(row),
    environment: normalizeEnvironment(row.environment),
    ...extra,
    metadata: {
      feedbackId: row.id,
      source: row.source,
      ...(row.agentId === null ? {} : { agentId: storableText(row.agentId) }),
    },
  };
}

/** Before the suggestion has arrived nobody knows its observations; the score then stands on the trace. */
function subjectOf(row: FeedbackRow): { observationId?: string } {
  if (row.observationId === null && row.suggestedResponse === null) return {};
  return { observationId: scoredObservationId(row.traceId, row.observationId) };
}

function textOrNothing(text: string | null): string | undefined {
  return text === null || text.trim() === "" ? undefined : storableText(text);
}
