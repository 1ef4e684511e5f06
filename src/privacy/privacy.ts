import type { FeedbackRow } from "../domain/feedback-row.ts";
import { type Instruments, noInstruments } from "../domain/instruments.ts";
import type { Logger } from "../domain/logger.ts";
import {
  asItIs,
  type Content,
  type ContentByFunction,
  type FeedbackWords,
  type MaskRuleName,
  type Privacy,
} from "../domain/privacy.ts";
import type { SuggestionRecord } from "../domain/suggestion.ts";
import type { TraceSource } from "../domain/trace-source.ts";
import { createMasker, type Masker } from "./masker.ts";
import { maskMetadata, maskMetadataJson, maskObservations, maskObservationsJson } from "./observations.ts";
import type { OwnRule } from "./own-rules.ts";
import { createRecall } from "./recall.ts";
import { createFailureTally } from "./failure-tally.ts";

export type PrivacyOptions = {
  readonly content: ContentByFunction;
  readonly builtIn: readonly MaskRuleName[];
  readonly own?: readonly OwnRule[] | undefined;
  readonly log: Logger;
  readonly instruments?: Instruments | undefined;
  readonly ruleTimesMs?: readonly number[] | undefined;
};

/** What the configuration says is done to texts. Where nothing is, `asItIs`, which costs nothing. */
export function createPrivacy(options: PrivacyOptions): Privacy {
  const { content, builtIn, own = [] } = options;
  // Exposed also where nothing is masked, so that a dashboard shows no gap.
  const tally = createFailureTally(options.log, options.instruments ?? noInstruments);
  if (content.general === "full" && [...content.byFunction.values()].every((one) => one === "full")) return asItIs;
  const contentOf = (functionName: string | null): Content =>
    (functionName === null ? undefined : content.byFunction.get(functionName)) ?? content.general;
  const masker = createMasker({ builtIn, own, onFailure: tally.add, ruleTimesMs: options.ruleTimesMs });
  const recall = createRecall();

  return {
    contentOf,
    record(record) {
      const kept = contentOf(record.functionName);
      if (kept === "full") return record;
      if (kept === "none") recall.keep(record.id, record.suggestedResponse);
      return maskRecord(record, masker, kept === "none");
    },
    words(words, functionName) {
      const kept = contentOf(functionName);
      return kept === "full" ? words : maskWords(words, masker, kept === "none");
    },
    trace(row) {
      const kept = contentOf(row.functionName);
      return kept === "full" ? row : maskTrace(row, masker, kept === "none");
    },
    feedback(row) {
      const kept = contentOf(row.functionName);
      return kept === "full" ? row : maskFeedbackRow(row, masker, kept === "none");
    },
    compared({ id, functionName, suggestedResponse }, finalText, given) {
      const kept = contentOf(functionName);
      if (kept === "none") return { suggested: given ?? recall.find(id) ?? suggestedResponse, sent: finalText };
      if (kept === "full") return { suggested: suggestedResponse, sent: finalText };
      return { suggested: masker.text(suggestedResponse), sent: masker.text(finalText) };
    },
    text: (text, functionName) => (contentOf(functionName) === "full" ? text : masker.text(text)),
    suggestion(text, functionName) {
      const kept = contentOf(functionName);
      return kept === "none" ? "" : kept === "full" ? text : masker.text(text);
    },
    storedForms: (text) => [...new Set([text, masker.text(text)])],
    said: <Value>(value: Value) => masker.value(value) as Value,
  };
}

const textOrNull = (text: string | null, masker: Masker): string | null => (text === null ? null : masker.text(text));

type OfRun = Pick<TraceSource, "suggestedResponse" | "errorType" | "errorMessage">;

/** What a run's record and its row have alike. */
const maskRun = ({ suggestedResponse, errorType, errorMessage }: OfRun, masker: Masker, isDropped: boolean): OfRun => ({
  suggestedResponse: isDropped ? "" : masker.text(suggestedResponse),
  errorType: textOrNull(errorType, masker),
  errorMessage: isDropped ? null : textOrNull(errorMessage, masker),
});

function maskRecord(record: SuggestionRecord, masker: Masker, isDropped: boolean): SuggestionRecord {
  return {
    ...record,
    ...maskRun(record, masker, isDropped),
    metadataJson: maskMetadataJson(record.metadataJson, masker),
    observationsJson: maskObservationsJson(record.observationsJson, masker, isDropped),
  };
}

function maskTrace(row: TraceSource, masker: Masker, isDropped: boolean): TraceSource {
  return {
    ...row,
    ...maskRun(row, masker, isDropped),
    metadata: maskMetadata(row.metadata, masker),
    observations: maskObservations(row.observations, masker, isDropped),
  };
}

type OfAct = Pick<FeedbackRow, "comment" | "finalText" | "metadata">;

/** What an act to be stored and its row have alike. */
const maskAct = ({ comment, finalText, metadata }: OfAct, masker: Masker, isDropped: boolean): OfAct => ({
  comment: isDropped ? null : textOrNull(comment, masker),
  finalText: isDropped ? null : textOrNull(finalText, masker),
  metadata: maskMetadata(metadata, masker),
});

function maskWords<Words extends FeedbackWords>(words: Words, masker: Masker, isDropped: boolean): Words {
  return { ...words, ...maskAct(words, masker, isDropped), reasons: words.reasons.map(masker.text) };
}

function maskFeedbackRow<Row extends FeedbackRow>(row: Row, masker: Masker, isDropped: boolean): Row {
  const { suggestedResponse } = row;
  return {
    ...row,
    ...maskAct(row, masker, isDropped),
    reason: textOrNull(row.reason, masker),
    otherReasons: row.otherReasons.map(masker.text),
    suggestedResponse: isDropped && suggestedResponse !== null ? "" : textOrNull(suggestedResponse, masker),
    tags: masker.value(row.tags),
  };
}
