/** Why a month that is old enough is still there. */
export type KeptFor =
  /** Messages that have yet to reach Langfuse. */
  | "waiting"
  /** Suggestions that were made after the month, though their ids are of it. */
  | "newer"
  /** Hours that the host's table of metrics still has to get. */
  | "unwritten"
  /** Somebody else's lock: tried again. */
  | "blocked";

/** What one pass over the partitions did. A month is its first day, `2026-11-01`. */
export type PartitionReport = {
  /** Tables made ahead of their month. */
  readonly made: readonly string[];
  /** Tables that were not: `crowded`, as too many rows of it lie in the default partition, or `blocked`. */
  readonly unmade: readonly { readonly table: string; readonly why: "crowded" | "blocked" }[];
  readonly dropped: readonly { readonly month: string; readonly suggestionCount: number }[];
  /** `amount` messages, suggestions or hours; null where it is not known. */
  readonly kept: readonly { readonly month: string; readonly why: KeptFor; readonly amount: number | null }[];
  /** Old suggestions that were in no month's partition, such as those whose id holds no time. */
  readonly otherCount: number;
};

/** The first day of the month that lies so many months after the one of this moment, in UTC. */
export function monthOf(at: Date, offset = 0): string {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + offset)).toISOString().slice(0, 10);
}
