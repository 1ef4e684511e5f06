import type { Logger } from "../domain/logger.ts";
import type { VerifyStage } from "../domain/verify-report.ts";
import type { LangfuseClient } from "../langfuse/client.ts";
import type { Queryable } from "../store/database.ts";
import type { Problems } from "./problems.ts";
import type { CheckedMessage, VerifySample } from "./verify-messages.ts";

export type VerifyDeps = {
  /** Has the samples' rows. */
  readonly db: Queryable;
  readonly langfuse: LangfuseClient;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
};

export type VerifyRequest = {
  readonly samples: readonly VerifySample[];
  /** Of the client's Langfuse, without a slash at its end. */
  readonly baseUrl: string;
  /** How long Langfuse may take to be reached, again to take everything, and again to show it. */
  readonly patienceMs: number;
  /** Leaves the traces in Langfuse. */
  readonly keep: boolean;
  readonly onProgress: (stage: VerifyStage, done: number, total: number) => void;
  /** Ends it early, with `interrupted`; what was sent by then is cleaned up all the same. */
  readonly signal: AbortSignal;
};

/** A check under way; what is wrong is added to its problems. */
export type Check = VerifyDeps &
  VerifyRequest & { readonly messages: readonly CheckedMessage[]; readonly problems: Problems };
