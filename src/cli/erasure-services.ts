import type { ErasurePreview, ErasureReceipt, ErasureSubject } from "../domain/erasure.ts";

export type EraseOptions = {
  /** Who asks; the user of the process by default. */
  readonly by: string | undefined;
  /** How long Langfuse is waited for, in milliseconds; a worker goes on afterwards. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
};

/** What `uptake erase` does. */
export type ErasureServices = {
  /** What would be erased now; changes nothing. */
  preview(subject: ErasureSubject): Promise<ErasurePreview>;
  /** Erases, or goes on with it; resolves to the receipt as it stands then. */
  erase(subject: ErasureSubject, options: EraseOptions): Promise<ErasureReceipt>;
};
