import type { MirrorMessageKind } from "./mirror-report.ts";

/** One observation or score of the check. */
export type VerifiedItem = {
  readonly kind: "observation" | "score";
  readonly langfuseId: string;
  readonly name: string;
  /** From the end of its delivery to the first look that showed it; null where none did. */
  readonly seenAfterMs: number | null;
};

/** One suggestion or feedback event of the check, and where it is in Langfuse. */
export type VerifiedMessage = {
  /** What is special about it, such as `failed suggestion`. */
  readonly name: string;
  readonly kind: MirrorMessageKind;
  /** The suggestion's id for a trace, the event's id for feedback. */
  readonly ref: string;
  readonly traceId: string;
  /** The trace's page in Langfuse; null where the project is not known. */
  readonly url: string | null;
  readonly items: readonly VerifiedItem[];
};

/** The Langfuse that was found: its version, how it is read, and the keys' project. */
export type VerifiedPlace = {
  readonly version: string;
  readonly dialect: "v4" | "v3";
  readonly project: string;
  readonly projectId: string | null;
};

/** What became of the traces after the check. Langfuse deletes some time after it was asked to. */
export type VerifyCleanUp =
  | { readonly kind: "asked" | "kept"; readonly traceCount: number }
  | { readonly kind: "nothing sent" }
  | { readonly kind: "failed"; readonly traceCount: number; readonly reason: string };

export type VerifyReport = {
  /** True where everything was taken, seen, and is as it should be. */
  readonly ok: boolean;
  readonly baseUrl: string;
  /** Null where Langfuse was not reached. */
  readonly place: VerifiedPlace | null;
  readonly messages: readonly VerifiedMessage[];
  /** Everything that is wrong, in plain words. */
  readonly problems: readonly string[];
  readonly cleanUp: VerifyCleanUp;
  readonly interrupted: boolean;
};

/** First everything is sent, then looked for. */
export type VerifyStage = "sent" | "seen";
