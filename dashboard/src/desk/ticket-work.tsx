import { type ReactNode, useRef } from "react";
import { type DeskTicket, useTicket } from "../api/desk.ts";
import { Button } from "../ui/button.tsx";
import { Section } from "../ui/section.tsx";
import { ClassificationPanel } from "./classification-panel.tsx";
import { useDraft } from "./drafts.ts";
import { sendReply } from "./outgoing.ts";
import { ReplyBox } from "./reply-box.tsx";
import { SuggestionPanel } from "./suggestion-panel.tsx";
import { TicketThread } from "./ticket-thread.tsx";
import { useShortcuts } from "./use-shortcuts.ts";

type TicketWorkProps = { readonly ticketId: string; readonly agentId: string; readonly onBack: () => void };

/** One ticket: its thread with the reply, and beside it what is suggested. */
export function TicketWork({ ticketId, agentId, onBack }: TicketWorkProps): ReactNode {
  const query = useTicket(ticketId);
  return (
    <Section
      title={query.data === undefined ? "Ticket" : `#${query.data.number} ${query.data.title}`}
      query={query}
      isEmpty={() => false}
      empty={null}
      skeletonClass="h-96"
      actions={
        <Button className="lg:hidden" onClick={onBack}>
          All tickets
        </Button>
      }
    >
      {(ticket) => <Work ticket={ticket} agentId={agentId} />}
    </Section>
  );
}

/** What may be compared with what is sent: a finished suggestion, whatever has become of it. */
const comparable = ({ suggestion }: DeskTicket): string | undefined =>
  suggestion !== null && suggestion.status !== "pending" && suggestion.status !== "error"
    ? suggestion.suggestionId
    : undefined;

function Work({ ticket, agentId }: { readonly ticket: DeskTicket; readonly agentId: string }): ReactNode {
  const { ticketId, suggestion } = ticket;
  const [draft, setDraft] = useDraft(ticketId);
  const field = useRef<HTMLTextAreaElement>(null);
  const send = (text: string): void => {
    const suggestionId = comparable(ticket);
    sendReply({ ticketId, text, agentId, ...(suggestionId === undefined ? {} : { suggestionId }) });
  };
  const sendDraft = (): void => {
    if (draft.trim() === "") return;
    send(draft);
    setDraft("");
  };
  const edit = (): void => {
    if (suggestion !== null && draft.trim() === "") setDraft(suggestion.text);
    field.current?.focus();
  };
  useShortcuts({ n: () => field.current?.focus() });
  return (
    <div className="grid items-start gap-6 xl:grid-cols-[minmax(0,1fr)_20rem]">
      <div className="grid gap-4">
        <TicketThread ticket={ticket} />
        <ReplyBox ref={field} draft={draft} onChange={setDraft} onSend={sendDraft} />
      </div>
      <div className="grid gap-6">
        <SuggestionPanel
          ticket={ticket}
          agentId={agentId}
          hasDraft={draft.trim() !== ""}
          onAccept={(text) => send(text)}
          onEdit={edit}
        />
        <ClassificationPanel ticket={ticket} agentId={agentId} />
      </div>
    </div>
  );
}
