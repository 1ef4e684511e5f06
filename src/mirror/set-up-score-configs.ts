import type { ScoreConfigReport, SetupReport } from "../domain/mirror-report.ts";
import type { LangfuseClient } from "../langfuse/client.ts";
import {
  configDifferences,
  type FoundScoreConfig,
  SCORE_CONFIGS,
  type WantedScoreConfig,
} from "../langfuse/score-configs.ts";
import type { Database, Queryable } from "../store/database.ts";
import { keepScoreConfig } from "../store/queries/keep-score-config.ts";
import { lockSetup } from "../store/queries/lock-setup.ts";

/**
 * Makes sure that Langfuse has a config for each of our scores, and keeps which. One that is there and takes exactly the
 * same scores is used; one of the same name that takes others is reported and left alone. Archived ones do not count:
 * Langfuse cannot delete a config, so archiving is how a wrong one is put out of the way. Throws `mirror_failed`.
 *
 * Langfuse minds no second config of one name, so who looks and who creates must be one at a time. Hence the requests
 * inside the transaction that holds the lock: they are few, each with its time limit, and a process that dies lets go.
 */
export async function setUpScoreConfigs(db: Database, langfuse: LangfuseClient): Promise<SetupReport> {
  const configs = await db.transaction(async (tx) => {
    await lockSetup(tx);
    const there = await langfuse.listScoreConfigs();
    const reports: ScoreConfigReport[] = [];
    for (const wanted of SCORE_CONFIGS) reports.push(await setUpOne(tx, langfuse, { wanted, there }));
    return reports;
  });
  return { target: langfuse.baseUrl, configs };
}

async function setUpOne(
  tx: Queryable,
  langfuse: LangfuseClient,
  { wanted, there }: { readonly wanted: WantedScoreConfig; readonly there: readonly FoundScoreConfig[] },
): Promise<ScoreConfigReport> {
  const { name } = wanted;
  const candidates = there.filter((config) => config.name === name && !config.isArchived).toSorted(byAge);
  const match = candidates.find((config) => configDifferences(wanted, config).length === 0);
  const [other] = candidates;
  if (match === undefined && other !== undefined) {
    return { name, state: "differs", configId: other.id, problems: configDifferences(wanted, other) };
  }
  const { id: configId, projectId: langfuseProjectId } = match ?? (await langfuse.createScoreConfig(wanted));
  const { dataType, categories, minValue, maxValue } = wanted;
  const kept = { configId, langfuseProjectId, name, dataType, categories, minValue, maxValue };
  await keepScoreConfig(tx, langfuse.baseUrl, kept);
  return { name, state: match === undefined ? "created" : "matched", configId, problems: [] };
}

/** The oldest of several that fit is everybody's choice. */
const byAge = (a: FoundScoreConfig, b: FoundScoreConfig): number =>
  a.createdAt === b.createdAt ? (a.id < b.id ? -1 : 1) : a.createdAt < b.createdAt ? -1 : 1;
