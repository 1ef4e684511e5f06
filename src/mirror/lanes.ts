import { isOutboxSettled } from "../store/queries/is-outbox-settled.ts";
import type { Bell } from "./bell.ts";
import { createCircuit } from "./circuit.ts";
import { takeClaim } from "./claim.ts";
import { createCourier } from "./courier.ts";
import { createMirrorMeters } from "./mirror-meters.ts";
import type { MirrorSettings } from "./mirror-settings.ts";
import { createSampling } from "./sampling.ts";
import { createSoundConfigs } from "./sound-configs.ts";

/** Messages in the request that finds out whether Langfuse is back. */
const PROBE_SIZE = 10;

export type LaneOptions = {
  /** True as soon as nothing more is to be begun. */
  readonly halted: () => boolean;
  /** Ends, and holds the process until then, when the outbox is settled; otherwise goes on until halted. */
  readonly endsWhenSettled: boolean;
};

/**
 * Lanes claim and deliver side by side, each one batch at a time. They share what is known of Langfuse and of the
 * database: while one of these is away, the lanes rest for the back-off, and then a single small batch probes.
 */
export function createLanes(settings: MirrorSettings, bell: Bell): { run(options: LaneOptions): Promise<void> } {
  const { db, log, pollMs } = settings;
  const langfuse = createCircuit({ ...settings, ...settings.backOff });
  const database = createCircuit({ ...settings, baseMs: 500, capMs: 30_000 });
  const scoreConfigs = createSoundConfigs(settings);
  const meters = createMirrorMeters(settings.instruments, () => langfuse.isOpen());
  const sampling = createSampling({ ...settings, policy: settings.sampling });
  const courier = createCourier({ ...settings, circuit: langfuse, scoreConfigs, meters, sampling });
  let isProbing = false;

  /** Claims and delivers once; resolves to whether there was anything. */
  async function cycle(size: number, halted: () => boolean): Promise<boolean> {
    const claim = await takeClaim(db, size, settings);
    if (claim.messages.length > 0) await courier.deliver(claim, halted);
    // What was sent under a config is only certain once Langfuse was asked again, also where nothing else comes.
    else await scoreConfigs.current();
    database.succeeded();
    return claim.messages.length > 0;
  }

  async function probe(halted: () => boolean): Promise<boolean> {
    if (isProbing) return false;
    isProbing = true;
    try {
      return await cycle(Math.min(PROBE_SIZE, settings.batchSize), halted);
    } finally {
      isProbing = false;
      if (!langfuse.isOpen()) bell.ring();
    }
  }

  function noteDatabaseFailure(error: unknown): number {
    const delayMs = database.failed();
    const facts = { error: error instanceof Error ? error.message : String(error), delayMs };
    log.error("mirror.database_failed", { ...facts, failureCount: database.failureCount() });
    return delayMs;
  }

  async function lane({ halted, endsWhenSettled }: LaneOptions): Promise<void> {
    while (!halted()) {
      const heard = bell.rings();
      let restMs = Math.max(langfuse.waitMs(), database.waitMs());
      if (restMs === 0) {
        try {
          if (await (langfuse.isOpen() ? probe(halted) : cycle(settings.batchSize, halted))) continue;
          if (endsWhenSettled && (await isOutboxSettled(db))) return bell.ring();
          restMs = pollMs;
        } catch (error) {
          restMs = noteDatabaseFailure(error);
        }
      }
      await bell.wait({ ms: restMs, heard, holdsProcess: endsWhenSettled });
    }
  }

  return {
    async run(options) {
      await Promise.all(Array.from({ length: settings.concurrency }, () => lane(options)));
    },
  };
}
