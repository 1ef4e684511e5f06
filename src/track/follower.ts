import type { Collected } from "./collector.ts";

/** How a followed call ended. `streamed`: its stream was read to the end, or left by its reader. */
export type Ending =
  | { readonly kind: "returned"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: unknown; readonly collected?: Collected }
  | { readonly kind: "streamed"; readonly collected: Collected; readonly abandoned: boolean };

/** Who follows a call. None of these may throw. */
export type Follower = {
  /** Runs a part of the call where `currentRun()` finds it; a stream's body runs only when it is read. */
  within<T>(part: () => T): T;
  firstChunk(): void;
  /** Called once. What it returns is waited for where the call can wait (`canWait`), so never for a synchronous one. */
  ended(ending: Ending, canWait: boolean): Promise<void> | undefined;
};

/** What the two kinds of stream tell as they are read; each end counts once. */
export type StreamWatch = {
  readonly follower: Follower;
  chunk(chunk: unknown): void;
  readonly done: (canWait: boolean) => Promise<void> | undefined;
  readonly abandoned: (canWait: boolean) => Promise<void> | undefined;
  readonly failed: (error: unknown, canWait: boolean) => Promise<void> | undefined;
};
