import { isUuid, newId } from "../domain/ids.ts";
import type { Logger } from "../domain/logger.ts";
import type { CostOf } from "../domain/prices.ts";
import { follow } from "./follow.ts";
import type { Ending, Follower } from "./follower.ts";
import { priceRun } from "./price-run.ts";
import { recordOf } from "./record.ts";
import type { Recorder } from "./recorder.ts";
import { addMetadata, closeRun, openRun, payload, place } from "./run.ts";
import type { OpenRun } from "./run.ts";
import { createRunApi, idText, nameText, noteEnding } from "./run-api.ts";
import type { TokenOf } from "./run-api.ts";
import { createTroubles } from "./troubles.ts";
import type { Troubles } from "./troubles.ts";
import type { Followed, Run, Tracked, TrackOptions } from "./types.ts";

export type TrackerDeps = {
  readonly recorder: Recorder;
  readonly projectId: string;
  readonly environment: string | null;
  readonly release: string | null;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Logger;
  /** Makes feedback tokens; left out, suggestions have none. */
  readonly tokenOf?: TokenOf | undefined;
  /** Asked before `run.generate` calls a model; throws where none is to be called. Left out, all are. */
  readonly admitModelCall?: (() => void) | undefined;
  /** Price list for model calls that state no cost; left out, their cost is unknown. */
  readonly costOf?: CostOf | undefined;
  /** Longest wait of an asynchronous call for its commit; then the record stays queued and the call returns. */
  readonly commitTimeoutMs?: number;
};

export type Tracker = {
  /**
   * The same function, every run of which is recorded as a suggestion with its trace. Results, errors, chunks and whether it
   * is synchronous stay as they are; an asynchronous call returns once its record is committed, a synchronous one is
   * recorded in the background, a streaming one when its stream ends. Uptake's own trouble is logged, never thrown.
   *
   * @example
   * const draftReply = tracker.track("generate-message-suggestion", async (input: { ticketId: string }, run) => {
   *   const reply = await run.generate({ model: "gpt-4.1-mini", messages }, () => openai.chat.completions.create(request));
   *   return run.suggest(reply.choices[0]?.message.content ?? "", { ticketId: input.ticketId });
   * });
   */
  track<Input, Result>(
    name: string,
    fn: (input: Input, run: Run) => Result,
    options?: TrackOptions<Input>,
  ): Tracked<Input, Followed<Result>>;
  /** Resolves once all runs that ended before are committed; rejects saying how many are not. */
  flush(): Promise<void>;
  /** Closes the recorder. Called again it returns the same promise. */
  close(): Promise<void>;
};

/** Makes functions tracked. Opens nothing: records go to the recorder it is given. */
export function createTracker(deps: TrackerDeps): Tracker {
  const troubles = createTroubles(deps);
  let closing: Promise<void> | undefined;

  async function closeOnce(): Promise<void> {
    try {
      await deps.recorder.close();
    } finally {
      troubles.close();
    }
  }

  return {
    track: (name, fn, options = {}) => trackFunction({ deps, troubles, name: nameText(name), options }, fn),
    flush: () => deps.recorder.flush(),
    close: () => (closing ??= closeOnce()),
  };
}

type TrackedParts<Input> = {
  readonly deps: TrackerDeps;
  readonly troubles: Troubles;
  readonly name: string;
  readonly options: TrackOptions<Input>;
};

function trackFunction<Input, Result>(
  parts: TrackedParts<Input>,
  fn: (input: Input, run: Run) => Result,
): Tracked<Input, Followed<Result>> {
  const { deps, troubles, name, options } = parts;
  function tracked(this: unknown, input: Input): Followed<Result> {
    const run = openRun(name, suggestionIdOf(input, parts), deps.now);
    const api = createRunApi(run, troubles, deps);
    troubles.attempt(() => {
      run.root.inputJson = payload(run, input);
      addMetadata(run, run.root, options.metadata);
    });
    return follow(
      () => fn.call(this, input, api),
      followRun(run, api, (ending) => write(run, ending, input, parts), troubles),
    );
  }
  Object.defineProperty(tracked, "name", { value: fn.name || name, configurable: true });
  // The optional argument is a matter of types only.
  return tracked as Tracked<Input, Followed<Result>>;
}

function suggestionIdOf<Input>(input: Input, { options, troubles }: TrackedParts<Input>): string {
  const id = options.suggestionId && troubles.attempt(() => options.suggestionId?.(input));
  if (isUuid(id)) return id.toLowerCase();
  if (id !== undefined && id !== null) troubles.misused("the suggestion id is no UUID; a new one was made");
  return newId();
}

function followRun(
  run: OpenRun,
  api: Run,
  writeEnding: (ending: Ending) => Promise<void> | undefined,
  troubles: Troubles,
): Follower {
  const here = { run, api, at: run.root, troubles };
  return {
    within: (part) => place.run(here, part),
    firstChunk: () => (run.root.firstTokenMs ??= run.now()),
    ended(ending, canWait) {
      const written = troubles.attempt(() => writeEnding(ending));
      return written && troubles.settled(written, canWait);
    },
  };
}

function write<Input>(
  run: OpenRun,
  ending: Ending,
  input: Input,
  parts: TrackedParts<Input>,
): Promise<void> | undefined {
  const { deps, options, troubles } = parts;
  closeRun(run);
  noteEnding(run.root, ending);
  const { projectId, environment, release, costOf } = deps;
  if (costOf !== undefined) troubles.attempt(() => priceRun(run, costOf));
  const ticketId = options.ticketId && idText(troubles.attempt(() => options.ticketId?.(input)));
  const messageId = options.messageId && idText(troubles.attempt(() => options.messageId?.(input)));
  return deps.recorder.record(recordOf(run, ending, { projectId, environment, release, ticketId, messageId }));
}
