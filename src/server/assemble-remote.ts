import type { Config, ServerAccess } from "../config/config.ts";
import { UptakeError } from "../domain/errors.ts";
import type { ModelPrices } from "../domain/prices.ts";
import { type Connection, createConnection } from "../remote/connection.ts";
import { createRemoteFeedback, type RemoteFeedback } from "../remote/remote-feedback.ts";
import { createRemoteMetrics, type RemoteMetrics } from "../remote/remote-metrics.ts";
import { sendSuggestions } from "../remote/send-suggestions.ts";
import { tryAgain } from "../remote/try-again.ts";
import { RowsRefused } from "../track/group-commit.ts";
import { createTracker, type Tracker } from "../track/tracker.ts";
import { assembleRecorder } from "./assemble-recorder.ts";
import { modelBudgetOf } from "./model-budget.ts";
import { readCostOf } from "./read-prices.ts";
import { type Given, surroundings } from "./surroundings.ts";
import { tokenMaker } from "./token-maker.ts";

/** Longer than the server waits for its database, so that it is the server that says what is wrong. */
const REQUEST_TIMEOUT_MS = 35_000;

/** The parts of Uptake put together over a server: no database, no worker. */
export type RemoteParts = {
  readonly tracker: Tracker;
  readonly feedback: RemoteFeedback;
  readonly metrics: RemoteMetrics;
  /** Asks the server whether it is there and takes the key, and replays what an earlier process left. Throws what is wrong. */
  start(): Promise<void>;
  /** Sends what waits, within a deadline; the rest waits in the spool. Once. */
  close(): Promise<void>;
};

export type RemoteOptions = Given & {
  readonly server: ServerAccess;
  /** Model prices over those of the configuration. */
  readonly prices?: ModelPrices | undefined;
};

export function assembleRemote(config: Config, options: RemoteOptions): RemoteParts {
  const around = surroundings(config, options);
  const { log } = around;
  const connection = createConnection({ ...options.server, fetch: globalThis.fetch, timeoutMs: REQUEST_TIMEOUT_MS });
  const { projectId, environment, release } = config;
  const store = {
    async write(rows: Parameters<typeof sendSuggestions>[1]) {
      const refusals = await sendSuggestions(connection, rows);
      startReplay();
      if (refusals.size > 0) throw new RowsRefused(refusals);
    },
    name: `the Uptake server at ${options.server.url}`,
    // Keys change while the project stays the same.
    place: `${options.server.url}\n${projectId}`,
  };
  const { recorder, startReplay } = assembleRecorder(config, { ...around, store, inMemoryOnly: false });
  const tokenOf = tokenMaker(config);
  const costOf = readCostOf(config, options.prices);
  const metrics = createRemoteMetrics(connection);
  // The key is one of the project; whoever only may write cannot read what it has cost, and is told so.
  const modelBudget = modelBudgetOf(config, { readCost: (_, request) => metrics.readMetrics(request), log });
  const about = { projectId, environment, release, now: Date.now, log, tokenOf, costOf };
  const tracker = createTracker({ recorder, ...about, admitModelCall: modelBudget?.(projectId) });
  return {
    tracker,
    feedback: createRemoteFeedback({ connection, now: () => new Date(), flushSuggestions: () => tracker.flush() }),
    metrics,
    async start() {
      await tryAgain(() => connection.get("/readyz"));
      await checkKey(connection);
      startReplay();
    },
    close: () => tracker.close(),
  };
}

/** Whoever may write is told that an empty list holds nothing; anybody else, that they may not. */
async function checkKey(connection: Connection): Promise<void> {
  try {
    await tryAgain(() => connection.post("/v1/suggestions", "[]"));
  } catch (error) {
    if (!(error instanceof UptakeError) || error.code !== "invalid_input") throw error;
  }
}
