import { useCallback, useSyncExternalStore } from "react";
import { keep, readKept } from "./kept-text.ts";

/** What is typed for each ticket, kept in this browser with every stroke until it has been sent. */
const typed = new Map<string, string>();
const listeners = new Set<() => void>();

const keyOf = (ticketId: string): string => `uptake-draft:${ticketId}`;

export function draftOf(ticketId: string): string {
  const known = typed.get(ticketId);
  if (known !== undefined) return known;
  const kept = readKept(keyOf(ticketId)) ?? "";
  typed.set(ticketId, kept);
  return kept;
}

export function setDraft(ticketId: string, text: string): void {
  typed.set(ticketId, text);
  keep(keyOf(ticketId), text === "" ? null : text);
  for (const listener of listeners) listener();
}

/** Gives a text back that was not sent after all, before whatever has been typed since. */
export function returnToDraft(ticketId: string, text: string): void {
  const since = draftOf(ticketId);
  if (since.trim() === text.trim()) return;
  setDraft(ticketId, since.trim() === "" ? text : `${text}\n\n${since}`);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useDraft(ticketId: string): readonly [string, (text: string) => void] {
  const draft = useSyncExternalStore(subscribe, () => draftOf(ticketId));
  const set = useCallback((text: string) => setDraft(ticketId, text), [ticketId]);
  return [draft, set];
}
