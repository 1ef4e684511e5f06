import type { DoctorFinding } from "../domain/doctor-report.ts";
import type { LangfuseClient } from "../langfuse/client.ts";
import { configDifferences } from "../langfuse/score-configs.ts";
import type { Database } from "../store/database.ts";
import { readScoreConfigs } from "../store/queries/read-score-configs.ts";
import { type Check, messageOf } from "./check.ts";
import { finding, well } from "./findings.ts";

/** The Langfuse that is set. */
export const LANGFUSE_CHECKS: readonly Check<LangfuseClient>[] = [{ name: "Langfuse", run: placeFindings }];

export type ScoreConfigNeeds = { readonly langfuse: LangfuseClient; readonly db: Database };

/** What is kept of it, beside what it has. */
export const SCORE_CONFIG_CHECKS: readonly Check<ScoreConfigNeeds>[] = [
  { name: "score configs", run: scoreConfigFindings },
];

async function placeFindings(langfuse: LangfuseClient): Promise<readonly DoctorFinding[]> {
  const health = await langfuse.health();
  if (health.kind !== "ok") {
    const areKeysRefused = health.kind === "refused" && (health.status === 401 || health.status === 403);
    if (areKeysRefused) return [finding("langfuse.keys_refused", health.message)];
    return [finding(health.kind === "refused" ? "langfuse.not_langfuse" : "langfuse.unreachable", health.message)];
  }
  const { version, project } = health;
  try {
    const dialect = await langfuse.dialect();
    return [
      well("langfuse.place", `Langfuse ${version} at ${langfuse.baseUrl}, project ${project}, read as ${dialect}`),
    ];
  } catch (error) {
    return [finding("langfuse.not_langfuse", `${langfuse.baseUrl} cannot be read: ${messageOf(error)}`)];
  }
}

/** As the mirror judges them; where Langfuse is not to be asked, the check above has said so. */
async function scoreConfigFindings({ langfuse, db }: ScoreConfigNeeds): Promise<readonly DoctorFinding[]> {
  const all = await readScoreConfigs(db, langfuse.baseUrl);
  const kept = all.filter(({ isRetired }) => !isRetired);
  if (all.length === 0) return [well("score_configs.none", "no score configs are set up; scores are sent without")];
  const found = await langfuse.listScoreConfigs().catch(() => undefined);
  if (found === undefined) return [];
  const wrong = kept.flatMap((config) => {
    const is = found.find(({ id }) => id === config.configId);
    const problems =
      is === undefined
        ? ["it is not in this project"]
        : [...(is.isArchived ? ["it is archived"] : []), ...configDifferences(config, is)];
    return problems.length === 0
      ? []
      : [finding("score_configs.unsound", `score config ${config.name}: ${problems.join(", ")}`)];
  });
  return wrong.length > 0
    ? wrong
    : [well("score_configs.sound", `${kept.length} score configs are as they were set up`)];
}
