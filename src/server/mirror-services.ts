import type { MirrorServices } from "../cli/mirror-services.ts";
import type { Config } from "../config/config.ts";
import type { Logger } from "../domain/logger.ts";
import { createLangfuseClient, type LangfuseClient } from "../langfuse/client.ts";
import { backfill } from "../mirror/backfill.ts";
import { reconcile } from "../mirror/reconcile.ts";
import { reexport } from "../mirror/reexport.ts";
import { setUpScoreConfigs } from "../mirror/set-up-score-configs.ts";
import { retryDeadLetters } from "../store/queries/retry-dead-letters.ts";
import type { Parts } from "./assemble.ts";
import { readMirrorOverview } from "./mirror-overview.ts";
import { noLangfuse } from "./no-langfuse.ts";

/** For one request to Langfuse. */
const REQUEST_TIMEOUT_MS = 20_000;

/** What the `uptake mirror` commands do, over parts that run no worker. */
export function createMirrorServices(config: Config, log: Logger, partsOf: () => Parts): MirrorServices {
  return {
    status: () =>
      readMirrorOverview(partsOf().db, {
        target: config.langfuse?.baseUrl ?? null,
        dailyUnitLimit: config.sampling?.dailyUnits?.amount ?? null,
      }),
    setup: async () => setUpScoreConfigs(partsOf().db, clientOf(config, "set up")),
    retry: (kind) => retryDeadLetters(partsOf().db, kind),
    async reconcile(options) {
      const langfuse = clientOf(config, "compare with");
      const { db, mirror, privacy } = partsOf();
      if (mirror === null) throw noLangfuse("compare with");
      return reconcile({ db, mirror, langfuse, log, privacy, now: Date.now, random: Math.random }, options);
    },
    reexport: (options) => reexport(partsOf().db, options),
    backfill: (options) => backfill(partsOf().db, options),
  };
}

function clientOf({ langfuse }: Config, purpose: string): LangfuseClient {
  if (langfuse === null) throw noLangfuse(purpose);
  return createLangfuseClient({ ...langfuse, fetch: globalThis.fetch, timeoutMs: REQUEST_TIMEOUT_MS });
}
