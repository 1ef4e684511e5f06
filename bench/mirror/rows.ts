import { newId, observationIdOf, traceIdOf } from "../../src/domain/ids.ts";
import type { Observation } from "../../src/domain/observation.ts";
import type { SuggestionRecord } from "../../src/domain/suggestion.ts";
import type { Database } from "../../src/store/database.ts";
import { insertFeedback, type FeedbackEventRow } from "../../src/store/queries/insert-feedback.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { rowOf } from "../../src/track/rows.ts";

const INSERTED_AT_ONCE = 500;
const STARTED_MS = Date.parse("2026-03-01T09:00:00.000Z");
/** Of every five suggestions so many get feedback. */
const JUDGED_OF_FIVE = 3;

const CONSONANTS = "bcdfghklmnprstvw";
const VOWELS = "aeiou";
const WORD_COUNT = 4096;

/** A sequence of whole numbers of 16 bits that is the same for the same seed. */
function createNumbers(seed: number): () => number {
  let state = Math.imul(seed + 1, 2_654_435_761) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 16;
  };
}

function createWords(): string[] {
  const next = createNumbers(42);
  const syllable = (): string =>
    `${CONSONANTS.charAt(next() % CONSONANTS.length)}${VOWELS.charAt(next() % VOWELS.length)}`;
  return Array.from({ length: WORD_COUNT }, (_, i) => Array.from({ length: 2 + (i % 3) }, syllable).join(""));
}

const WORDS = createWords();

/** Few words often and many seldom, so that it compresses about as people's texts do: to a third. */
function prose(seed: number, chars: number): string {
  const next = createNumbers(seed);
  let text = "";
  while (text.length < chars) {
    const rank = Math.floor((next() / 65_536) ** 2 * WORD_COUNT);
    text += `${WORDS[rank]}${next() % 12 === 0 ? ".\n" : " "}`;
  }
  return text.slice(0, chars);
}

const at = (ms: number): string => new Date(ms).toISOString();

/** Root, retriever and generation: 2 kB of messages in, 600 bytes out. */
function observationsOf(traceId: string, index: number): Observation[] {
  const startMs = STARTED_MS + index;
  const [rootId = "", retrieverId = "", generationId = ""] = [0, 1, 2].map((i) => observationIdOf(traceId, i));
  const question = prose(index, 300);
  return [
    {
      id: rootId,
      parentId: null,
      type: "agent",
      name: "generate-message-suggestion",
      startTime: at(startMs),
      endTime: at(startMs + 800),
      input: { ticketId: `T-${index}`, question },
    },
    {
      id: retrieverId,
      parentId: rootId,
      type: "retriever",
      name: "search-knowledge",
      startTime: at(startMs + 5),
      endTime: at(startMs + 40),
      input: question,
      output: [0, 1, 2].map((rank) => ({ id: `kb-${(index + rank) % 97}`, score: 0.9 - rank / 10 })),
    },
    {
      id: generationId,
      parentId: rootId,
      type: "generation",
      name: "draft",
      startTime: at(startMs + 50),
      endTime: at(startMs + 790),
      input: [
        { role: "system", content: prose(7, 700) },
        { role: "user", content: prose(index + 1_000_000, 1_300) },
      ],
      output: prose(index + 2_000_000, 600),
      model: "gpt-4.1-mini",
      modelParameters: { temperature: 0.2, max_tokens: 400 },
      usage: { input: 512, output: 148 },
      costUsd: 0.0004,
      prompt: { name: "reply", version: 7 },
    },
  ];
}

export function recordOf(index: number): SuggestionRecord {
  const id = newId();
  const traceId = traceIdOf(id);
  const observations = observationsOf(traceId, index);
  return {
    id,
    projectId: "default",
    functionName: "generate-message-suggestion",
    ticketId: `T-${index}`,
    messageId: `M-${index}`,
    systemUserId: null,
    suggestedResponse: prose(index + 2_000_000, 600),
    confidenceScore: 0.8,
    status: "completed",
    createdAt: at(STARTED_MS + index),
    environment: "bench",
    release: "2026.3",
    model: "gpt-4.1-mini",
    promptName: "reply",
    promptVersion: "7",
    traceId,
    observationId: observations.at(-1)?.id ?? "",
    latencyMs: 800,
    timeToFirstTokenMs: null,
    inputTokens: 512,
    outputTokens: 148,
    costUsd: 0.0004,
    errorType: null,
    errorMessage: null,
    metadataJson: JSON.stringify({ trace_id: traceId, team: "support", locale: "en", model: "gpt-4.1-mini" }),
    observationsJson: JSON.stringify(observations),
  };
}

/** A rejection that says what was sent instead: five scores and an observation. */
export const feedbackOn = (suggestionId: string, index: number): FeedbackEventRow => ({
  id: newId(),
  suggestionId,
  projectId: "default",
  type: "rejection",
  source: "explicit",
  reasons: ["wrong tone"],
  finalText: prose(index + 3_000_000, 600),
  agentId: `agent-${index % 20}`,
  comment: null,
  keptRatio: 0.4,
  editDistance: null,
  compressionDistance: null,
  idempotencyKey: null,
  createdAt: at(STARTED_MS + 3_600_000 + index),
  metadata: {},
});

/** What a round delivers, in Langfuse's words. */
export type Amounts = { readonly traces: number; readonly spans: number; readonly scores: number };

/** Inserts suggestions as the tracker does, and feedback on 60 % of them. */
export async function insertRuns(db: Database, count: number): Promise<Amounts> {
  let feedbackCount = 0;
  for (let from = 0; from < count; from += INSERTED_AT_ONCE) {
    const records = Array.from({ length: Math.min(INSERTED_AT_ONCE, count - from) }, (_, i) => recordOf(from + i));
    await insertSuggestions(db, records.map(rowOf));
    const judged = records.filter((_, i) => i % 5 < JUDGED_OF_FIVE);
    await insertFeedback(
      db,
      judged.map(({ id }, i) => feedbackOn(id, from + i)),
    );
    feedbackCount += judged.length;
  }
  return { traces: count, spans: 3 * count + feedbackCount, scores: 5 * feedbackCount };
}

/** Queues everything as if it had just been inserted: nothing is in the ledger, and feedback follows its suggestion. */
export async function queueAll(db: Database): Promise<void> {
  await db.query("truncate langfuse_deliveries");
  await db.query(`
    insert into langfuse_outbox (kind, ref)
    select kind, ref from (
      select 'trace' as kind, id as ref, id as run from ai_suggestions
      union all
      select 'feedback', id, suggestion_id from ai_feedback_events
    ) messages
    order by run, kind desc`);
  await db.query("select pg_notify('uptake_outbox', '')");
}
