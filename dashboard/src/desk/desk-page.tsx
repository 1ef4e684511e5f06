import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { type DeskTicketSummary, renewDesk, useTicketPages } from "../api/desk.ts";
import { Button } from "../ui/button.tsx";
import { Page } from "../ui/page.tsx";
import { OutgoingReplies } from "./outgoing-replies.tsx";
import { onSent, sendWaiting } from "./outgoing.ts";
import { ShortcutHelp } from "./shortcut-help.tsx";
import { TicketQueue } from "./ticket-queue.tsx";
import { TicketWork } from "./ticket-work.tsx";
import { agentIdOf, useAgent } from "./use-agent.ts";
import { useShortcuts } from "./use-shortcuts.ts";

const NONE: readonly DeskTicketSummary[] = [];

/** Where agents work: who waits, what they wrote, and what the AI suggests to answer. */
export function DeskPage({ params }: { readonly params: { readonly id?: string } }): ReactNode {
  const ticketId = params.id ?? null;
  const [agent, setAgent] = useAgent();
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const { tickets, query, filter, change, go } = useQueue();
  useSending();
  const step = useStep(tickets, ticketId, go);
  useShortcuts({
    j: () => step(1),
    ArrowDown: () => step(1),
    k: () => step(-1),
    ArrowUp: () => step(-1),
    "?": () => setIsHelpOpen(!isHelpOpen),
    Escape: () => setIsHelpOpen(false),
  });
  return (
    <Page
      title="Desk"
      controls={
        <div className="flex items-end gap-2">
          <label className="grid text-xs text-soft">
            Your name
            <input
              value={agent}
              onChange={(event) => setAgent(event.target.value)}
              maxLength={200}
              autoComplete="name"
              className="min-h-9 w-36 rounded-md border border-line bg-surface px-2 text-sm text-ink"
            />
          </label>
          <Button aria-expanded={isHelpOpen} aria-keyshortcuts="?" onClick={() => setIsHelpOpen(!isHelpOpen)}>
            Keys <kbd className="font-mono text-xs text-soft">?</kbd>
          </Button>
        </div>
      }
    >
      {isHelpOpen ? <ShortcutHelp /> : null}
      <OutgoingReplies />
      <div className="grid items-start gap-4 lg:grid-cols-[18rem_minmax(0,1fr)]">
        <div className={ticketId === null ? "" : "hidden lg:block"}>
          <TicketQueue query={query} tickets={tickets} filter={filter} change={change} openId={ticketId} go={go} />
        </div>
        {ticketId === null ? (
          <p className="hidden rounded-lg border border-line bg-surface p-8 text-center text-soft lg:block">
            Choose a ticket, or press <kbd className="font-mono">j</kbd>.
          </p>
        ) : (
          <TicketWork key={ticketId} ticketId={ticketId} agentId={agentIdOf(agent)} onBack={() => go(null)} />
        )}
      </div>
    </Page>
  );
}

/** The queue as the URL has it, and the way to another ticket of it. */
function useQueue() {
  const [search, setSearch] = useSearchParams();
  const [, navigate] = useLocation();
  const filter = { queue: search.get("queue") ?? "waiting", search: search.get("search") ?? "" };
  const query = useTicketPages(filter);
  const tickets = query.data?.pages.flatMap((page) => page.tickets) ?? NONE;
  const change = useCallback(
    (name: "queue" | "search", value: string): void =>
      setSearch((before) => {
        const next = new URLSearchParams(before);
        if (value === "") next.delete(name);
        else next.set(name, value);
        return next;
      }),
    [setSearch],
  );
  const text = search.toString();
  const go = (ticketId: string | null): void =>
    navigate(`/desk${ticketId === null ? "" : `/${ticketId}`}${text === "" ? "" : `?${text}`}`);
  return { tickets, query, filter, change, go };
}

/** The way to the next ticket (1) or the one before (-1). Whoever has answered one goes on from where it stood. */
function useStep(
  tickets: readonly DeskTicketSummary[],
  openId: string | null,
  go: (ticketId: string) => void,
): (by: 1 | -1) => void {
  const lastAt = useRef(-1);
  const at = tickets.findIndex(({ ticketId }) => ticketId === openId);
  useEffect(() => {
    if (at !== -1) lastAt.current = at;
  }, [at]);
  return (by) => {
    // One that has left the queue has given its place to the next.
    const wanted = at === -1 ? lastAt.current + (by === 1 && lastAt.current !== -1 ? 0 : by) : at + by;
    const next = tickets[Math.min(Math.max(wanted, 0), tickets.length - 1)];
    if (next !== undefined && next.ticketId !== openId) go(next.ticketId);
  };
}

/** What has been sent shows, and does not wait once the desk is left. */
function useSending(): void {
  const client = useQueryClient();
  useEffect(() => onSent(() => void renewDesk(client)), [client]);
  useEffect(() => sendWaiting, []);
}
