import type { Logger } from "../domain/logger.ts";
import type { LangfuseClient } from "../langfuse/client.ts";
import { configDifferences, type FoundScoreConfig } from "../langfuse/score-configs.ts";
import type { ScoreConfigs } from "../langfuse/scores.ts";
import type { Queryable } from "../store/database.ts";
import { noteScoreConfigCheck } from "../store/queries/note-score-config-check.ts";
import { type KeptScoreConfig, readScoreConfigs } from "../store/queries/read-score-configs.ts";
import { requeueUnderRetiredConfigs } from "../store/queries/requeue-under-retired-configs.ts";

/** Langfuse's own queue is rarely seconds behind; what was accepted this long before a check counts as kept. */
const LANGFUSE_QUEUE_MS = 15 * 60_000;

export type SoundConfigsDeps = {
  readonly db: Queryable;
  readonly langfuse: LangfuseClient;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly configCheckMs: number;
  readonly leaseMs: number;
  readonly visibilityDelayMs: number;
};

export type SoundConfigs = {
  /** The configs that scores may be sent under now; none where Langfuse cannot be asked. Throws only for the database. */
  current(): Promise<ScoreConfigs>;
};

const NONE: ScoreConfigs = new Map();

/**
 * What `uptake mirror setup` has kept, as far as Langfuse still has it so. Langfuse drops a score under an archived or
 * changed config after answering 200, so it is asked again every `configCheckMs`; and because a config may be archived
 * between two looks, what was sent since the last good one is read back once everybody has stopped using it
 * (docs/decisions/0009-score-configs.md). Nothing is asked where nothing was set up.
 */
export function createSoundConfigs(deps: SoundConfigsDeps): SoundConfigs {
  const { now, configCheckMs } = deps;
  let known: Promise<ScoreConfigs> | undefined;
  let lookedAtMs = 0;

  return {
    current() {
      if (known !== undefined && now() - lookedAtMs < configCheckMs) return known;
      const look = lookAgain(deps);
      known = look;
      lookedAtMs = now();
      look.catch(() => {
        if (known === look) known = undefined;
      });
      return look;
    },
  };
}

async function lookAgain(deps: SoundConfigsDeps): Promise<ScoreConfigs> {
  const { db, langfuse, log } = deps;
  const all = await readScoreConfigs(db, langfuse.baseUrl);
  if (all.some(({ isRetired }) => isRetired)) await settleRetired(deps);
  const kept = all.filter(({ isRetired }) => !isRetired);
  if (kept.length === 0) return NONE;
  let found: readonly FoundScoreConfig[];
  try {
    found = await langfuse.listScoreConfigs();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.warn("mirror.score_configs_unread", {
      error: message,
      remedy: "scores are sent without their configs meanwhile",
    });
    return NONE;
  }
  return judge(deps, kept, found);
}

/** A config that is not there at all belongs to another project's keys on the same address, and is left alone. */
async function judge(
  { db, langfuse, log }: SoundConfigsDeps,
  kept: readonly KeptScoreConfig[],
  found: readonly FoundScoreConfig[],
): Promise<ScoreConfigs> {
  const sound = new Map<string, KeptScoreConfig & { readonly id: string }>();
  const unsoundIds: string[] = [];
  for (const config of kept) {
    const is = found.find(({ id }) => id === config.configId);
    if (is === undefined) continue;
    const problems = [...(is.isArchived ? ["it is archived"] : []), ...configDifferences(config, is)];
    if (problems.length === 0) sound.set(config.name, { ...config, id: config.configId });
    else {
      unsoundIds.push(config.configId);
      log.warn("mirror.score_config_retired", { name: config.name, configId: config.configId, problems });
    }
  }
  const soundIds = [...sound.values()].map(({ id }) => id);
  const checkedAt = kept[0]?.readAt;
  if (checkedAt !== undefined && soundIds.length + unsoundIds.length > 0) {
    await noteScoreConfigCheck(db, langfuse.baseUrl, { checkedAt, soundIds, unsoundIds });
  }
  return sound;
}

/** Every worker looks again within `configCheckMs`, and settles within its lease what it had loaded before. */
async function settleRetired(deps: SoundConfigsDeps): Promise<void> {
  const stoppedAfterMs = deps.configCheckMs + deps.leaseMs;
  const count = await requeueUnderRetiredConfigs(deps.db, deps.langfuse.baseUrl, {
    stoppedAfterMs,
    restMs: stoppedAfterMs + deps.visibilityDelayMs,
    queueMs: LANGFUSE_QUEUE_MS,
  });
  if (count > 0) deps.log.warn("mirror.read_back_after_retired_config", { count });
}
