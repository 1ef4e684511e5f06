import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { askForSuggestion, type DeskSuggestion, type DeskTicket, renewDesk } from "../api/desk.ts";
import { formatPercent, formatRatio } from "../format/format.ts";
import { OutcomeBadge } from "../suggestions/outcome-badge.tsx";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Failure } from "./failure.tsx";
import { useOutgoing } from "./outgoing.ts";
import { RejectForm } from "./reject-form.tsx";
import { useShortcuts } from "./use-shortcuts.ts";
import { useShown } from "./use-shown.ts";

type SuggestionPanelProps = {
  readonly ticket: DeskTicket;
  readonly agentId: string;
  /** Something is typed already, which editing must not replace. */
  readonly hasDraft: boolean;
  readonly onAccept: (text: string) => void;
  readonly onEdit: () => void;
};

const isFinished = ({ status }: DeskSuggestion): boolean => status !== "pending" && status !== "error";

/** What is suggested, and what to make of it. */
export function SuggestionPanel({ ticket, agentId, hasDraft, onAccept, onEdit }: SuggestionPanelProps): ReactNode {
  const { ticketId, suggestion } = ticket;
  const client = useQueryClient();
  const [rejectedId, setRejectedId] = useState<string | null>(null);
  const isBusy = useOutgoing().some((one) => one.ticketId === ticketId && one.state !== "failed");
  const ask = useMutation({
    mutationFn: () => askForSuggestion(ticketId, agentId),
    onSettled: () => renewDesk(client),
  });
  const getOne = (): void => (ask.isPending ? undefined : ask.mutate());
  const usable = suggestion !== null && isFinished(suggestion) ? suggestion : null;
  const isOpen = usable?.outcome === "pending" && !isBusy;
  const isRejecting = usable !== null && rejectedId === usable.suggestionId;
  const acceptIt = (): void => (usable !== null && isOpen ? onAccept(usable.text) : undefined);
  const rejectIt = (): void => (usable !== null && isOpen ? setRejectedId(usable.suggestionId) : undefined);
  useShortcuts({ a: acceptIt, e: onEdit, r: rejectIt, g: getOne });
  return (
    <section aria-label="Suggestion">
      <h3 className="mb-2 flex items-center gap-2 font-semibold">
        Suggestion
        {suggestion === null ? null : <OutcomeBadge status={suggestion.status} outcome={suggestion.outcome} />}
      </h3>
      <Text ticket={ticket} agentId={agentId} isAsking={ask.isPending} />
      <Failure error={ask.error} what="No suggestion" />
      {usable === null ? null : (
        <div className="mt-2 flex flex-wrap gap-2">
          <Button look="primary" disabled={!isOpen} aria-keyshortcuts="a" onClick={acceptIt}>
            Accept and send <kbd className="font-mono text-xs">a</kbd>
          </Button>
          <Button aria-keyshortcuts="e" onClick={onEdit}>
            {hasDraft ? "Go on editing" : "Edit"} <kbd className="font-mono text-xs text-soft">e</kbd>
          </Button>
          <Button look="danger" disabled={!isOpen} aria-keyshortcuts="r" onClick={rejectIt}>
            Reject <kbd className="font-mono text-xs">r</kbd>
          </Button>
        </div>
      )}
      <Button look="quiet" className="mt-2" disabled={ask.isPending} aria-keyshortcuts="g" onClick={getOne}>
        {suggestion === null ? "Suggest a reply" : "Suggest anew"} <kbd className="font-mono text-xs">g</kbd>
      </Button>
      {isRejecting ? (
        <RejectForm
          suggestionId={usable.suggestionId}
          reasons={ticket.reasons}
          agentId={agentId}
          onDone={() => setRejectedId(null)}
        />
      ) : null}
    </section>
  );
}

type TextProps = { readonly ticket: DeskTicket; readonly agentId: string; readonly isAsking: boolean };

function Text({ ticket, agentId, isAsking }: TextProps): ReactNode {
  const { suggestion } = ticket;
  if (isAsking) return <p role="status">A reply is being suggested …</p>;
  if (suggestion === null) return <p className="text-soft">Nothing is suggested for this ticket yet.</p>;
  if (suggestion.status === "pending") return <p className="text-soft">A reply is being suggested …</p>;
  if (suggestion.status === "error") {
    return (
      <p className="rounded bg-bad-ground p-3 text-bad">It failed: {suggestion.errorMessage ?? "no reason is known"}</p>
    );
  }
  return <Finished ticket={ticket} suggestion={suggestion} agentId={agentId} />;
}

type FinishedProps = { readonly ticket: DeskTicket; readonly suggestion: DeskSuggestion; readonly agentId: string };

function Finished({ ticket, suggestion, agentId }: FinishedProps): ReactNode {
  const place = useShown(suggestion, agentId);
  const newest = ticket.messages.findLast(({ from }) => from === "customer");
  const isOld = suggestion.messageId !== null && newest !== undefined && newest.messageId !== suggestion.messageId;
  const decided = ticket.feedback.at(-1);
  return (
    <div ref={place}>
      {isOld ? <Badge tone="warn">answers an older message</Badge> : null}
      <p className="rounded bg-sunken p-3 whitespace-pre-wrap">{suggestion.text}</p>
      <p className="mt-1 flex flex-wrap gap-x-3 text-sm text-soft">
        <span>confidence {formatRatio(suggestion.confidence)}</span>
        {suggestion.model === null ? null : <span>{suggestion.model}</span>}
        <Link href={`/suggestions/${suggestion.suggestionId}`} className="text-accent hover:underline">
          how it was made
        </Link>
      </p>
      {decided === undefined ? null : (
        <p className="text-sm text-soft">
          {decided.type} by {decided.agentId ?? "somebody"}
          {decided.keptRatio === null ? "" : `, kept ${formatPercent(decided.keptRatio)}`}
          {decided.reasons.length === 0 ? "" : `: ${decided.reasons.join(", ")}`}
        </p>
      )}
    </div>
  );
}
