import { UptakeError } from "../domain/errors.ts";
import { newId, traceIdOf } from "../domain/ids.ts";
import type { ClassificationAnswer } from "../models/classification.ts";
import type { Queryable } from "../store/database.ts";
import { claimPending } from "../store/queries/claim-pending.ts";
import { findKnownSuggestions } from "../store/queries/find-known-suggestions.ts";
import { settlePending } from "../store/queries/settle-pending.ts";
import type { AgentFunctions } from "./agent-functions.ts";
import { CLASSIFY_TICKET } from "./classify-ticket.ts";
import type { TicketInput } from "./ticket-function.ts";
import {
  type ClassificationDecision,
  decideClassification,
  type DecidedClassification,
  type DecideDeps,
} from "./decide-classification.ts";
import { GENERATE_MESSAGE_SUGGESTION, type GenerateInput } from "./generate-message-suggestion.ts";
import { GENERATE_RESPONSE } from "./generate-response.ts";
import { PENDING_LEASE_MS, underLease } from "./pending/lease.ts";
import { readSuggested, type Suggested } from "./queries/read-suggested.ts";
import type { RunOptions } from "./run-options.ts";
import type { DeliveryNote } from "./send-reply.ts";
import { withTimeLimit } from "./time-limit.ts";

/** Somebody else, such as a worker, is at the row already; its answer will stand there. */
export type StillPending = { readonly status: "pending"; readonly suggestionId: string; readonly traceId: string };

/** An answer, made now or found in the row. */
export type AnsweredReply = {
  readonly status: "completed";
  readonly suggestionId: string;
  readonly traceId: string;
  readonly text: string;
  readonly confidence: number | null;
};
export type AnsweredResponse = AnsweredReply & { readonly delivery: DeliveryNote | null };
export type AnsweredClassification = Omit<AnsweredReply, "text" | "confidence"> & ClassificationAnswer;

type OnText = RunOptions["onText"];

/** The agent functions as they are called from outside; with the id of a row they complete it in place, once. */
export type DeskService = {
  suggestReply(input: GenerateInput, onText?: OnText): Promise<AnsweredReply | StillPending>;
  respond(input: TicketInput, onText?: OnText): Promise<AnsweredResponse | StillPending>;
  classify(input: TicketInput): Promise<AnsweredClassification | StillPending>;
  decide(decision: ClassificationDecision): Promise<DecidedClassification>;
};

export type DeskServiceDeps = DecideDeps & {
  readonly db: Queryable;
  readonly functions: AgentFunctions;
  /** Longest run. Who asks may leave before; the run goes on, since its row waits for it. */
  readonly timeoutMs: number;
};

export function createDeskService(given: DeskServiceDeps): DeskService {
  const deps: Making = { ...given, making: new Set() };
  const { functions } = deps;
  return {
    async suggestReply(input, onText) {
      const job = { functionName: GENERATE_MESSAGE_SUGGESTION, suggestionId: input.suggestionId };
      return runOnce(deps, job, {
        run: async (options) => completed(await functions.generate(input, { ...options, onText })),
        found: replyOf,
      });
    },
    respond: (input, onText) =>
      runOnce(
        deps,
        { functionName: GENERATE_RESPONSE, suggestionId: input.suggestionId },
        {
          run: async (options) => completed(await functions.respond(input, { ...options, onText })),
          found: (row): AnsweredResponse => ({ ...replyOf(row), delivery: deliveryOf(row) }),
        },
      ),
    classify: (input) =>
      runOnce(
        deps,
        { functionName: CLASSIFY_TICKET, suggestionId: input.suggestionId },
        {
          run: async (options) => completed(await functions.classify(input, options)),
          found: classificationOf,
        },
      ),
    decide: (decision) => decideClassification(deps, decision),
  };
}

const completed = <Made extends object>(made: Made) => ({ ...made, status: "completed" as const });

/** Rows that are being made here and are not there yet, so that nobody can claim them. */
type Making = DeskServiceDeps & { readonly making: Set<string> };
type Job = { readonly functionName: string; readonly suggestionId: string | undefined };
type Work<Answer> = {
  readonly run: (options: RunOptions) => Promise<Answer>;
  /** The answer of a row that was completed before. */
  readonly found: (row: Suggested) => Answer;
};

/** Runs, unless the row that is named has its answer already or somebody else is at it. */
async function runOnce<Answer>(deps: Making, job: Job, { run, found }: Work<Answer>): Promise<Answer | StillPending> {
  const { suggestionId } = job;
  const limited = () => withTimeLimit(deps.timeoutMs, (signal) => run({ signal }));
  if (suggestionId === undefined) return limited();
  const row = await readSuggested(deps.db, { suggestionId, projectId: deps.projectId });
  if (row === undefined) await requireFree(deps, suggestionId);
  if (row === undefined || row.errorType === "abandoned") return makeOnce(deps.making, suggestionId, limited);
  requireSame(row, job.functionName);
  if (row.status !== "pending") return found(row);
  const token = newId();
  const claim = { projectId: deps.projectId, unnamed: job.functionName, of: { suggestionId }, limit: 1, token };
  const [claimed] = await claimPending(deps.db, { ...claim, leaseMs: PENDING_LEASE_MS });
  if (claimed === undefined) return stillPending(row.id);
  try {
    return await underLease(deps.db, { suggestionId, token, leaseMs: PENDING_LEASE_MS }, limited);
  } finally {
    // What is not settled for a database that is away is taken up again after its lease.
    await settlePending(deps.db, { suggestionId, token }).catch(() => {});
  }
}

const stillPending = (suggestionId: string): StillPending => ({
  status: "pending",
  suggestionId,
  traceId: traceIdOf(suggestionId),
});

/** Runs, unless the same row is being made already: of two answers only one could stand in it. */
async function makeOnce<Answer>(
  making: Set<string>,
  suggestionId: string,
  run: () => Promise<Answer>,
): Promise<Answer | StillPending> {
  if (making.has(suggestionId)) return stillPending(suggestionId);
  making.add(suggestionId);
  try {
    return await run();
  } finally {
    making.delete(suggestionId);
  }
}

const taken = (id: string, problem: string): UptakeError =>
  new UptakeError("suggestion_id_taken", `suggestion_id: ${id} ${problem}`, { facts: { suggestionId: id } });

/** What is made under the id of another project's suggestion would be stored nowhere. */
async function requireFree({ db, projectId }: DeskServiceDeps, suggestionId: string): Promise<void> {
  const [known] = await findKnownSuggestions(db, [suggestionId]);
  if (known === undefined || known.projectId === projectId) return;
  throw taken(suggestionId, "stands for another suggestion already; give another id, or leave it out");
}

function requireSame({ id, functionName, status, errorMessage }: Suggested, wanted: string): void {
  if (functionName !== null && functionName !== wanted)
    throw taken(id, `is a suggestion of ${functionName}, not of ${wanted}`);
  if (status === "error") {
    throw taken(
      id,
      `has failed already (${(errorMessage ?? "no message").slice(0, 300)}); insert a new row, or leave the id out`,
    );
  }
}

const replyOf = ({ id, traceId, text, confidence }: Suggested): AnsweredReply => ({
  status: "completed",
  suggestionId: id,
  traceId,
  text,
  confidence,
});

// Cast: what this program wrote into the row itself; a host's own row has none.
const deliveryOf = ({ metadata }: Suggested): DeliveryNote | null =>
  (metadata?.["delivery"] ?? null) as DeliveryNote | null;

function classificationOf(row: Suggested): AnsweredClassification {
  // Cast: as above.
  const classification = row.metadata?.["classification"] as Omit<ClassificationAnswer, "confidence"> | undefined;
  if (classification === undefined) {
    throw new UptakeError("suggestion_id_taken", `suggestion_id: ${row.id} has an answer that is no classification`);
  }
  const { status, suggestionId, traceId } = replyOf(row);
  return { ...classification, status, suggestionId, traceId, confidence: row.confidence ?? 0 };
}
