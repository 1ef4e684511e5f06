import type { Observation, ObservationLevel, ObservationType, Usage } from "../../src/domain/observation.ts";
import type { TraceSource } from "../../src/domain/trace-source.ts";
import { metadataOf, observationsOf, trackInMemory } from "../track/memory-recorder.ts";
import type { ObservationHandle, Run } from "../../src/track/types.ts";

/** One observation of a run that never happened, to be told through more than one library. Times are since 1970. */
export type Step = {
  readonly type: ObservationType;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly level?: ObservationLevel;
  readonly statusMessage?: string;
  /** The message of the error that it ends with. */
  readonly throws?: string;
  readonly model?: string;
  readonly modelParameters?: Readonly<Record<string, string | number>>;
  readonly usage?: Usage;
  readonly costUsd?: number;
  readonly firstTokenMs?: number;
  readonly prompt?: { readonly name: string; readonly version: number };
  readonly steps?: readonly Step[];
};

/** A whole run, and what stands on every span of its trace. */
export type Story = {
  readonly root: Step;
  readonly traceName: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly environment: string;
  readonly release: string;
  readonly version: string;
};

/** The story told through Uptake's tracker: the suggestion as the mirror reads it. */
export async function tellTracked(story: Story, suggestionId: string): Promise<TraceSource> {
  const { root } = story;
  const clock = { ms: root.startMs };
  const { environment, release } = story;
  const { tracker, records } = trackInMemory({ now: () => clock.ms, environment, release });

  async function through(step: Step, run: Run, handle?: ObservationHandle & { firstToken?(): void }): Promise<unknown> {
    for (const inner of step.steps ?? []) await tell(inner, run);
    if (step.firstTokenMs !== undefined) {
      clock.ms = step.firstTokenMs;
      handle?.firstToken?.();
    }
    const { level, statusMessage, usage, model, modelParameters, costUsd } = step;
    handle?.update({ level, statusMessage, usage, model, modelParameters, costUsd });
    clock.ms = step.endMs;
    if (step.throws !== undefined) throw new Error(step.throws);
    return step.output;
  }

  async function tell(step: Step, run: Run): Promise<void> {
    clock.ms = step.startMs;
    const { name, type, input, metadata, model = "", prompt } = step;
    const told =
      type === "generation"
        ? run.generate({ name, model, messages: input, metadata, prompt }, (handle) => through(step, run, handle))
        : run.observe(name, { type, input, metadata }, (handle) => through(step, run, handle));
    await told.catch(() => undefined);
  }

  const track = tracker.track(
    root.name,
    async (_input: unknown, run) => {
      const text = String(await through(root, run));
      const { confidence, ticketId, messageId } = story.metadata;
      return run.suggest(text, {
        confidence: Number(confidence),
        ticketId,
        messageId,
        systemUserId: story.userId,
        metadata: { ...root.metadata, tags: story.tags },
      });
    },
    { suggestionId: () => suggestionId },
  );
  await track(root.input);
  const [record] = records;
  if (record === undefined) throw new Error("the run is recorded");
  const observations: readonly Observation[] = observationsOf(record);
  return { ...record, suggestionId, createdAt: new Date(record.createdAt), metadata: metadataOf(record), observations };
}
