import type { MoveProgress, MoveReport } from "../domain/move-report.ts";

/** What `uptake move` does. Every promise may reject with an UptakeError. */
export type MoveServices = {
  /** What `move` would do; changes nothing. */
  plan(): Promise<MoveReport & { readonly spoolFileCount: number }>;
  /** Moves until done or until the signal; called again it goes on. */
  move(onProgress: MoveProgress, signal: AbortSignal): Promise<MoveReport>;
  /** Where to, without the password. */
  target(): string;
};
