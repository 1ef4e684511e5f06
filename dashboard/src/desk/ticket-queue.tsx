import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { type ReactNode, useCallback, useEffect, useRef } from "react";
import type { DeskTicketPage } from "../../../src/contract/desk-tickets.ts";
import type { DeskTicketSummary, QueueFilter } from "../api/desk.ts";
import { formatAgo } from "../format/format.ts";
import { OutcomeBadge } from "../suggestions/outcome-badge.tsx";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { SearchField } from "../ui/search-field.tsx";
import { Section } from "../ui/section.tsx";
import { Select } from "../ui/select.tsx";
import { useNow } from "../url/use-now.ts";
import { useOutgoing } from "./outgoing.ts";

const QUEUES = [
  { value: "waiting", text: "Waiting" },
  { value: "answered", text: "Answered" },
  { value: "all", text: "All" },
];
const MINUTE_MS = 60_000;

type TicketQueueProps = {
  readonly query: UseInfiniteQueryResult<InfiniteData<DeskTicketPage>>;
  readonly tickets: readonly DeskTicketSummary[];
  readonly filter: QueueFilter;
  readonly change: (name: "queue" | "search", value: string) => void;
  readonly openId: string | null;
  readonly go: (ticketId: string) => void;
};

/** The tickets of the chosen queue. */
export function TicketQueue({ query, tickets, filter, change, openId, go }: TicketQueueProps): ReactNode {
  const setSearch = useCallback((text: string) => change("search", text), [change]);
  return (
    <Section
      title="Tickets"
      actions={
        <div className="flex flex-wrap items-end gap-2">
          <Select label="Queue" value={filter.queue} options={QUEUES} onChange={(queue) => change("queue", queue)} />
          <SearchField label="Search" value={filter.search} onChange={setSearch} />
        </div>
      }
      query={query}
      isEmpty={() => tickets.length === 0}
      empty={
        filter.search === "" ? "Nobody is waiting. Well done." : "No ticket matches. Try other words, or another queue."
      }
      skeletonClass="h-96"
    >
      {() => (
        <>
          <ul aria-label="Tickets" className="-mx-2 grid grid-cols-1 gap-0.5 lg:max-h-[70vh] lg:overflow-y-auto">
            {tickets.map((ticket) => (
              <QueueItem key={ticket.ticketId} ticket={ticket} isOpen={ticket.ticketId === openId} go={go} />
            ))}
          </ul>
          {query.hasNextPage ? (
            <Button className="mt-2" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              More
            </Button>
          ) : null}
        </>
      )}
    </Section>
  );
}

type QueueItemProps = {
  readonly ticket: DeskTicketSummary;
  readonly isOpen: boolean;
  readonly go: (ticketId: string) => void;
};

function QueueItem({ ticket, isOpen, go }: QueueItemProps): ReactNode {
  const now = useNow(MINUTE_MS);
  const place = useRef<HTMLButtonElement>(null);
  const isBeingAnswered = useOutgoing().some((one) => one.ticketId === ticket.ticketId && one.state !== "failed");
  useEffect(() => {
    if (isOpen) place.current?.scrollIntoView({ block: "nearest" });
  }, [isOpen]);
  const { suggestion, classification, waitingSince } = ticket;
  return (
    <li>
      <button
        ref={place}
        type="button"
        aria-current={isOpen ? "true" : undefined}
        onClick={() => go(ticket.ticketId)}
        className="w-full rounded-md border-l-2 border-transparent px-2 py-2 text-left hover:bg-sunken aria-[current=true]:border-accent aria-[current=true]:bg-sunken"
      >
        <span className="line-clamp-2 font-medium">{ticket.title}</span>
        <span className="block truncate text-sm text-soft">
          #{ticket.number} {ticket.customerName}: {ticket.lastText}
        </span>
        <span className="mt-1 flex flex-wrap items-center gap-1 text-xs text-soft">
          {ticket.priority === "high" ? <Badge tone="bad">high</Badge> : null}
          {classification?.escalate === true ? <Badge tone="warn">escalate</Badge> : null}
          {isBeingAnswered ? <Badge tone="good">being answered</Badge> : null}
          {suggestion === null ? null : <OutcomeBadge status={suggestion.status} outcome={suggestion.outcome} />}
          {waitingSince === null ? null : <span>waits {formatAgo(waitingSince, now).replace(" ago", "")}</span>}
        </span>
      </button>
    </li>
  );
}
