import type { VerifyOptions } from "../cli/verify-options.ts";
import type { Config } from "../config/config.ts";
import type { Logger } from "../domain/logger.ts";
import type { VerifyReport } from "../domain/verify-report.ts";
import { createLangfuseClient } from "../langfuse/client.ts";
import { verify } from "../mirror/verify.ts";
import { assemble } from "./assemble.ts";
import type { Closers } from "./closers.ts";
import { keepReport } from "./keep-verification.ts";
import { noLangfuse } from "./no-langfuse.ts";
import { makeSamples } from "./verify-samples.ts";

/** For one request to Langfuse; less where the whole patience is. */
const REQUEST_TIMEOUT_MS = 20_000;

/** Sends samples to the Langfuse of the configuration out of a database in memory. In the deployment's own only how it went is kept. */
export async function verifyDeployment(
  config: Config,
  options: VerifyOptions,
  { log, closers }: { readonly log: Logger; readonly closers: Closers },
): Promise<VerifyReport> {
  const { langfuse: keys } = config;
  if (keys === null) throw noLangfuse("verify");
  const throwAway = { ...config, databaseUrl: null, dataDir: "memory", langfuse: null };
  const parts = assemble(throwAway, { log, worker: false, fresh: true });
  closers.push(() => parts.close());
  await parts.start();
  const samples = await makeSamples(parts, config);
  const timeoutMs = Math.min(REQUEST_TIMEOUT_MS, options.patienceMs);
  const langfuse = createLangfuseClient({ ...keys, fetch: globalThis.fetch, timeoutMs });
  const { baseUrl } = keys;
  const deps = { db: parts.db, langfuse, log, now: Date.now, random: Math.random };
  const report = await verify(deps, { ...options, samples, baseUrl });
  // What was interrupted says nothing about Langfuse.
  if (!report.interrupted) await keepReport(config, report, log);
  return report;
}
