import type { MaySend } from "../langfuse/last-moment.ts";
import { UptakeError } from "../domain/errors.ts";
import type { Note } from "../langfuse/checks/rule.ts";
import type { Outgoing } from "../langfuse/outgoing.ts";
import type { SendAnswer } from "../langfuse/send-answer.ts";
import type { ClaimedMessage } from "../store/queries/claim-messages.ts";

/** One claimed message and what it takes to deliver it. */
export type Delivery = {
  readonly message: ClaimedMessage;
  readonly traceId: string;
  /** All that the message stands for, by Langfuse's ids. */
  readonly langfuseIds: readonly string[];
  /** What is still to be sent; fewer than the ids where a part is in Langfuse already. */
  readonly items: readonly Outgoing[];
};

/** Claimed messages as their rows allow: `gone` have no row, `early` must wait for theirs, `broken` cannot be mapped. */
export type Loaded = {
  readonly deliveries: readonly Delivery[];
  readonly gone: readonly ClaimedMessage[];
  readonly early: readonly ClaimedMessage[];
  readonly broken: readonly { readonly message: ClaimedMessage; readonly error: string }[];
  /** How often each rule has changed something of them, by its name. */
  readonly adjusted: Adjusted;
};

export type Adjusted = ReadonlyMap<string, { readonly count: number; readonly loses: boolean }>;

/** One of Langfuse's endpoints. */
export type Route = {
  readonly takes: Outgoing["kind"];
  /** Sends, in one request, items that the route takes. Asks `maySend` at the last moment. */
  readonly send: (items: readonly Outgoing[], maySend: MaySend) => Promise<SendAnswer>;
};

export const itemsFor = (route: Route, items: readonly Outgoing[]): readonly Outgoing[] =>
  items.filter(({ kind }) => kind === route.takes);

/** How messages of one kind become deliveries, and how those are sent and found again. */
export type Channel = {
  readonly kind: ClaimedMessage["kind"];
  /** Most items in one request. */
  readonly maxItems: number;
  load(messages: readonly ClaimedMessage[]): Promise<Loaded>;
  /** Ids that Langfuse has for a trace. Throws `mirror_failed`. */
  find(traceId: string): Promise<readonly string[]>;
  /**
   * Where the items go, one request after the other; a delivery has arrived with the last of them. What must not be
   * sent twice goes last: then nothing but the settlement comes between its answer and the ledger.
   */
  readonly routes: readonly Route[];
};

/** True where a part is known to be in Langfuse: sending all of it again would double that part. */
export const isPartlyDelivered = (delivery: Delivery): boolean => delivery.items.length < delivery.langfuseIds.length;

/** Sorts messages by what their rows say, each for itself: one that cannot be mapped must not hold up the others. */
export function loadEach<Row>(
  messages: readonly ClaimedMessage[],
  rows: ReadonlyMap<string, Row>,
  map: { isEarly(row: Row): boolean; toDelivery(message: ClaimedMessage, row: Row, note: Note): Delivery },
): Loaded {
  const adjusted = new Map<string, { count: number; loses: boolean }>();
  const note: Note = ({ name, loses }) => {
    const before = adjusted.get(name);
    adjusted.set(name, { count: (before?.count ?? 0) + 1, loses: loses || before?.loses === true });
  };
  const loaded = {
    deliveries: [] as Delivery[],
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
