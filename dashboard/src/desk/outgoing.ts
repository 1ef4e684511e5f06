import { useSyncExternalStore } from "react";
import { type DeskReply, postReply, sendReplyAndLeave } from "../api/desk.ts";
import { Problem } from "../api/problem.ts";
import { returnToDraft } from "./drafts.ts";
import { keep, keptKeys, readKept } from "./kept-text.ts";
import { newId } from "./new-id.ts";

/** How long what was sent can be taken back. */
export const UNDO_MS = 5_000;
/** For the window that sends it itself. */
const GRACE_MS = 2_000;

export type Outgoing = DeskReply & {
  readonly ticketId: string;
  /** `waiting` can be undone; `failed` has its text back in the draft. */
  readonly state: "waiting" | "sending" | "failed";
  readonly error: string | null;
  /** Until when it can be taken back, in milliseconds since 1970. */
  readonly heldUntil: number;
};

export type ReplyToSend = Omit<DeskReply, "messageId"> & { readonly ticketId: string };

const KEY = "uptake-outgoing:";
const UNSURE = "uptake-unsure:";

// One list for the whole page: a reply goes out though its ticket, or the desk, is no longer looked at. Each is kept in the
// browser until the server has said that it is there; sent again, it has the same id and is the same message.
let replies: readonly Outgoing[] = [];
let isLeaving = false;
const timers = new Map<string, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();
const sentListeners = new Set<() => void>();

function change(next: readonly Outgoing[]): void {
  for (const { messageId } of replies) {
    if (!next.some((reply) => reply.messageId === messageId)) keep(KEY + messageId, null);
  }
  for (const reply of next) keep(KEY + reply.messageId, reply.state === "failed" ? null : JSON.stringify(reply));
  replies = next;
  for (const listener of listeners) listener();
}

const replace = (messageId: string, changes: Partial<Outgoing>): void =>
  change(replies.map((reply) => (reply.messageId === messageId ? { ...reply, ...changes } : reply)));

const without = (messageId: string): readonly Outgoing[] => replies.filter((reply) => reply.messageId !== messageId);

/** Sends a reply, in a few seconds. */
export function sendReply(reply: ReplyToSend): void {
  const messageId = idFor(reply.ticketId);
  change([
    ...replies.filter((one) => one.ticketId !== reply.ticketId || one.state !== "failed"),
    { ...reply, messageId, state: "waiting", error: null, heldUntil: Date.now() + UNDO_MS },
  ]);
  timers.set(
    messageId,
    setTimeout(() => void deliver(messageId), UNDO_MS),
  );
}

/**
 * A reply to which no answer came may have arrived. Whatever is sent to its ticket next has the same id, so that the customer
 * does not read it twice: either it is the message, or the server says that another text is there already.
 */
function idFor(ticketId: string): string {
  const unsure = readKept(UNSURE + ticketId);
  const isTaken = replies.some(({ messageId, state }) => messageId === unsure && state !== "failed");
  return unsure === null || isTaken ? newId() : unsure;
}

/** Takes a reply back that has not gone out yet; its text is the draft again. */
export function undoReply(messageId: string): void {
  const reply = replies.find((one) => one.messageId === messageId && one.state === "waiting");
  if (reply === undefined) return;
  stopTimer(messageId);
  returnToDraft(reply.ticketId, reply.text);
  change(without(messageId));
}

/** No longer shows why a reply did not go out; its text is in the draft. */
export const dismissReply = (messageId: string): void => change(without(messageId));

async function deliver(messageId: string): Promise<void> {
  stopTimer(messageId);
  const reply = replies.find((one) => one.messageId === messageId && one.state !== "sending");
  if (reply === undefined) return;
  replace(messageId, { state: "sending" });
  try {
    await postReply(reply.ticketId, bodyOf(reply));
    settle(reply);
    change(without(messageId));
    for (const listener of sentListeners) listener();
  } catch (error) {
    failed(reply, error);
  }
}

function failed(reply: Outgoing, error: unknown): void {
  // Cut off by leaving: it was sent once more, and stays kept.
  if (isLeaving) return;
  returnToDraft(reply.ticketId, reply.text);
  const told = error instanceof Problem ? error : new Problem("unexpected", "The reply could not be sent.", 0);
  if (told.status === 0 || told.status >= 500) keep(UNSURE + reply.ticketId, reply.messageId);
  else settle(reply);
  replace(reply.messageId, { state: "failed", error: told.message });
}

/** The server has said how it stands with the message. */
function settle({ ticketId, messageId }: Outgoing): void {
  if (readKept(UNSURE + ticketId) === messageId) keep(UNSURE + ticketId, null);
}

const bodyOf = ({ messageId, text, agentId, suggestionId }: Outgoing): DeskReply => ({
  messageId,
  text,
  agentId,
  ...(suggestionId === undefined ? {} : { suggestionId }),
});

function stopTimer(messageId: string): void {
  clearTimeout(timers.get(messageId));
  timers.delete(messageId);
}

/** Whoever leaves has sent. The answer is not seen any more, so the next page sends the same once more. */
function leave(): void {
  isLeaving = true;
  for (const reply of replies) {
    if (reply.state === "failed") continue;
    stopTimer(reply.messageId);
    sendReplyAndLeave(reply.ticketId, bodyOf(reply));
  }
}

/** Sends at once what waits, such as when nobody sees any more that it can be taken back. */
export function sendWaiting(): void {
  for (const { messageId, state } of replies) if (state === "waiting") void deliver(messageId);
}

/** A page that was only put aside, and comes back, goes on where it was. */
function comeBack(): void {
  isLeaving = false;
  sendWaiting();
}

/**
 * Sends what a page before this one could not see arrive. Another window may still hold it back, and its person take it
 * back: then it is no longer kept when its time has come.
 */
function sendLeftOver(): void {
  for (const key of keptKeys(KEY)) {
    const left = readOutgoing(key);
    if (left === undefined) continue;
    const sendIt = (): void => {
      if (readKept(key) === null) return;
      change([...without(left.messageId), { ...left, state: "waiting" }]);
      void deliver(left.messageId);
    };
    setTimeout(sendIt, Math.max(0, left.heldUntil + GRACE_MS - Date.now()));
  }
}

function readOutgoing(key: string): Outgoing | undefined {
  try {
    const kept: unknown = JSON.parse(readKept(key) ?? "null");
    // Our own, as it was kept above.
    return kept === null ? undefined : (kept as Outgoing);
  } catch {
    return undefined;
  }
}

window.addEventListener("pagehide", leave);
window.addEventListener("pageshow", (event) => {
  if (event.persisted) comeBack();
});
sendLeftOver();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What is on its way, or has failed, in the order of sending. */
export const useOutgoing = (): readonly Outgoing[] => useSyncExternalStore(subscribe, () => replies);

/** Calls back after each reply that has arrived. */
export function onSent(listener: () => void): () => void {
  sentListeners.add(listener);
  return () => sentListeners.delete(listener);
}
