import type { MaySend } from "../langfuse/last-moment.ts";
import { UptakeError } from "../domain/errors.ts";
import type { Note } from "../langfuse/checks/rule.ts";
import type { SendAnswer } from "../langfuse/send-answer.ts";
import type { ClaimedMessage } from "../store/queries/claim-messages.ts";

/** One claimed message and what it takes to deliver it; `Item` is a span, or what a feedback event becomes. */
export type Delivery<Item> = {
  readonly message: ClaimedMessage;
  readonly traceId: string;
  /** All that the message stands for, by Langfuse's ids. */
  readonly langfuseIds: readonly string[];
  /** What is still to be sent; fewer than the ids where a part is in Langfuse already. */
  readonly items: readonly Item[];
};

/** Claimed messages as their rows allow: `gone` have no row, `early` must wait for theirs, `broken` cannot be mapped. */
export type Loaded<Item> = {
  readonly deliveries: readonly Delivery<Item>[];
  readonly gone: readonly ClaimedMessage[];
  readonly early: readonly ClaimedMessage[];
  readonly broken: readonly { readonly message: ClaimedMessage; readonly error: string }[];
  /** How often each rule has changed something of them, by its name. */
  readonly adjusted: Adjusted;
};

export type Adjusted = ReadonlyMap<string, { readonly count: number; readonly loses: boolean }>;

/** One of Langfuse's endpoints. */
export type Route<Item> = {
  readonly takes: (item: Item) => boolean;
  /** Sends, in one request, items that the route takes: a list for each delivery. Asks `maySend` at the last moment. */
  readonly send: (items: readonly (readonly Item[])[], maySend: MaySend) => Promise<SendAnswer>;
};

/** How messages of one kind become deliveries, and how those are sent and found again. */
export type Channel<Item> = {
  readonly kind: ClaimedMessage["kind"];
  /** Most items in one request. */
  readonly maxItems: number;
  load(messages: readonly ClaimedMessage[]): Promise<Loaded<Item>>;
  /** Ids that Langfuse has for a trace. Throws `mirror_failed`. */
  find(traceId: string): Promise<readonly string[]>;
  /**
   * Where the items go, one request after the other; a delivery has arrived with the last of them. What must not be
   * sent twice goes last: then nothing but the settlement comes between its answer and the ledger.
   */
  readonly routes: readonly Route<Item>[];
  /** The id that Langfuse stores the item under. */
  idOf(item: Item): string;
  /** The id that a refused item is named by in Langfuse's answer. */
  eventIdOf(item: Item): string;
};

/** True where a part is known to be in Langfuse: sending all of it again would double that part. */
export const isPartlyDelivered = (delivery: Delivery<unknown>): boolean =>
  delivery.items.length < delivery.langfuseIds.length;

/** Sorts messages by what their rows say, each for itself: one that cannot be mapped must not hold up the others. */
export function loadEach<Row, Item>(
  messages: readonly ClaimedMessage[],
  rows: ReadonlyMap<string, Row>,
  map: { isEarly(row: Row): boolean; toDelivery(message: ClaimedMessage, row: Row, note: Note): Delivery<Item> },
): Loaded<Item> {
  const adjusted = new Map<string, { count: number; loses: boolean }>();
  const note: Note = ({ name, loses }) => {
    const before = adjusted.get(name);
    adjusted.set(name, { count: (before?.count ?? 0) + 1, loses: loses || before?.loses === true });
  };
  const loaded = {
    deliveries: [] as Delivery<Item>[],
    gone: [] as ClaimedMessage[],
    early: [] as ClaimedMessage[],
    broken: [] as { message: ClaimedMessage; error: string }[],
    adjusted,
  };
  for (const message of messages) {
    const row = rows.get(message.ref);
    try {
      if (row === undefined) loaded.gone.push(message);
      else if (map.isEarly(row)) loaded.early.push(message);
      else loaded.deliveries.push(map.toDelivery(message, row, note));
    } catch (error) {
      const reason = error instanceof UptakeError ? error.message : String(error);
      loaded.broken.push({ message, error: `cannot be mapped for Langfuse: ${reason}` });
    }
  }
  return loaded;
}
