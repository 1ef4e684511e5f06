import { createDeskStore } from "../../src/desk/desk-store.ts";
import { createAgentFunctions } from "../../src/desk/agent-functions.ts";
import { DEFAULT_CATEGORIES } from "../../src/desk/categories.ts";
import { type ClassificationDecision, decideClassification } from "../../src/desk/decide-classification.ts";
import type { Prompts } from "../../src/desk/prompts.ts";
import { createRetriever } from "../../src/desk/retrieve.ts";
import { DEFAULT_THRESHOLDS } from "../../src/domain/outcome.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { createFeedbackService } from "../../src/feedback/feedback-service.ts";
import { createOfflineServer } from "../../src/models/offline-server.ts";
import { createModel } from "../../src/models/openai-model.ts";
import type { Model } from "../../src/models/model.ts";
import { OFFLINE_MODEL } from "../../src/models/tokens.ts";
import type { Database } from "../../src/store/database.ts";
import { insertSuggestions } from "../../src/store/queries/insert-suggestions.ts";
import { withDeskReasons } from "../../src/server/desk-reasons.ts";
import { createGroupCommit } from "../../src/track/group-commit.ts";
import { createTracker } from "../../src/track/tracker.ts";

export const PROJECT = "default";

export type RigOptions = { readonly sendAbove?: number; readonly prompts?: Prompts };

/** The desk's real parts on a database, with the offline model on loopback unless another model is given. */
export async function openDesk(db: Database, given?: Model, options: RigOptions = {}) {
  const server = createOfflineServer();
  const { baseUrl } = await server.start();
  const model = given ?? createModel({ baseUrl, apiKey: "none", model: OFFLINE_MODEL, timeoutMs: 30_000 });
  const recorder = createGroupCommit({ write: (rows) => insertSuggestions(db, rows), log: silentLogger });
  const now = () => Date.now();
  const tracker = createTracker({
    recorder,
    projectId: PROJECT,
    environment: null,
    release: null,
    now,
    log: silentLogger,
  });
  const retriever = createRetriever({ db, projectId: PROJECT, now, refreshMs: 0 });
  const feedback = createFeedbackService({
    db,
    projectId: PROJECT,
    now: () => new Date(),
    thresholds: DEFAULT_THRESHOLDS,
    reasons: withDeskReasons(undefined),
    flushSuggestions: () => tracker.flush(),
  });
  const ofDesk = { tracker, db, model, retriever, projectId: PROJECT, now, ...options };
  const flushSuggestions = () => tracker.flush();
  const deciding = { db, projectId: PROJECT, categories: DEFAULT_CATEGORIES, flushSuggestions };
  return {
    ...createAgentFunctions(ofDesk),
    decide: (decision: ClassificationDecision) =>
      decideClassification({ ...deciding, feedback: (input) => feedback.feedback(input) }, decision),
    ofDesk,
    recorder,
    desk: createDeskStore({ db, projectId: PROJECT }),
    model,
    retriever,
    feedback,
    now,
    async close() {
      await tracker.close();
      await server.close();
    },
  };
}
