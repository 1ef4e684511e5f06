import type { ReactNode } from "react";
import type { DeskMessage, DeskTicket } from "../api/desk.ts";
import { formatMoment } from "../format/format.ts";
import { Badge } from "../ui/badge.tsx";
import { useFilters } from "../url/filters.ts";
import { useOutgoing } from "./outgoing.ts";

const LOOKS: Record<DeskMessage["from"], string> = {
  customer: "bg-sunken",
  agent: "border border-line ml-6",
  automatic: "border border-line border-dashed ml-6",
};

/** What was written so far, the oldest first, and what is about to be. */
export function TicketThread({ ticket }: { readonly ticket: DeskTicket }): ReactNode {
  const [{ zone }] = useFilters();
  const outgoing = useOutgoing().filter((one) => one.ticketId === ticket.ticketId && one.state !== "failed");
  const hasText = ticket.messages.length > 0 || ticket.description === null;
  return (
    <ol aria-label="Messages" className="grid gap-3">
      {hasText ? null : (
        <li className={`rounded-md p-3 ${LOOKS.customer}`}>
          <p className="whitespace-pre-wrap">{ticket.description}</p>
        </li>
      )}
      {ticket.messages.map((message) => (
        <li key={message.messageId} className={`rounded-md p-3 ${LOOKS[message.from]}`}>
          <p className="mb-1 flex flex-wrap items-center gap-2 text-xs text-soft tabular-nums">
            {message.author}, {formatMoment(message.createdAt, zone)}
            {message.from === "automatic" ? <Badge tone="plain">sent automatically</Badge> : null}
          </p>
          <p className="whitespace-pre-wrap">{message.text}</p>
        </li>
      ))}
      {outgoing
        .filter(({ messageId }) => ticket.messages.every((message) => message.messageId !== messageId))
        .map((reply) => (
          <li key={reply.messageId} className={`rounded-md p-3 ${LOOKS.agent}`}>
            <p className="mb-1 text-xs text-soft">{reply.agentId}, being sent</p>
            <p className="whitespace-pre-wrap">{reply.text}</p>
          </li>
        ))}
    </ol>
  );
}
