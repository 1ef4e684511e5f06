import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";
import {
  askForClassification,
  decideClassification,
  type DeskClassification,
  type DeskDecision,
  type DeskTicket,
  renewDesk,
} from "../api/desk.ts";
import { formatRatio } from "../format/format.ts";
import { Badge, type Tone } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Select } from "../ui/select.tsx";
import { Failure } from "./failure.tsx";
import { useShortcuts } from "./use-shortcuts.ts";

const TONES: Record<DeskClassification["state"], Tone> = {
  suggested: "plain",
  confirmed: "good",
  changed: "warn",
  rejected: "bad",
};

type ClassificationPanelProps = { readonly ticket: DeskTicket; readonly agentId: string };

/** How the ticket is classified, and who has said so; each field can be changed. */
export function ClassificationPanel({ ticket, agentId }: ClassificationPanelProps): ReactNode {
  const client = useQueryClient();
  const panel = useRef<HTMLElement>(null);
  const { ticketId, classification } = ticket;
  const ask = useMutation({
    mutationFn: () => askForClassification(ticketId, agentId),
    onSettled: () => renewDesk(client),
  });
  useShortcuts({ c: () => panel.current?.querySelector<HTMLElement>("select, button")?.focus() });
  return (
    <section ref={panel} aria-label="Classification">
      <h3 className="mb-2 flex items-center gap-2 font-semibold">
        Classification
        {classification === null ? null : <Badge tone={TONES[classification.state]}>{classification.state}</Badge>}
        <kbd className="ml-auto font-mono text-xs font-normal text-soft">c</kbd>
      </h3>
      {classification === null ? (
        <Button disabled={ask.isPending} onClick={() => ask.mutate()}>
          {ask.isPending ? "Being classified …" : "Classify"}
        </Button>
      ) : (
        <Fields
          key={`${classification.suggestionId} ${classification.state}`}
          ticket={ticket}
          standing={classification}
          agentId={agentId}
        />
      )}
      <Failure error={ask.error} what="Not classified" />
    </section>
  );
}

const LEVELS = ["low", "medium", "high"] as const;
const SENTIMENTS = ["negative", "neutral", "positive"] as const;
const choices = (names: readonly string[]) => names.map((name) => ({ value: name, text: name }));

type Choice = Pick<DeskClassification, "category" | "priority" | "sentiment" | "escalate">;

const isSame = (a: Choice, b: Choice): boolean =>
  a.category === b.category && a.priority === b.priority && a.sentiment === b.sentiment && a.escalate === b.escalate;

type FieldsProps = ClassificationPanelProps & { readonly standing: DeskClassification };

function Fields({ ticket, standing, agentId }: FieldsProps): ReactNode {
  const client = useQueryClient();
  const [changes, setChanges] = useState<Partial<Choice>>({});
  const { category, priority, sentiment, escalate } = { ...standing, ...changes };
  const chosen: Choice = { category, priority, sentiment, escalate };
  const isChanged = !isSame(chosen, standing);
  const decide = useMutation({
    mutationFn: (decision: DeskDecision) => decideClassification(ticket.ticketId, decision),
    onSuccess: async () => {
      await renewDesk(client);
      setChanges({});
    },
  });
  const change = (changed: Partial<Choice>): void => setChanges({ ...changes, ...changed });
  const save = (): void => decide.mutate({ suggestionId: standing.suggestionId, agentId, ...chosen });
  return (
    <div className="grid gap-2">
      <div className="grid grid-cols-2 gap-2">
        <div className="col-span-2">
          <Select
            label="Category"
            value={category}
            options={choices([...new Set([category, ...ticket.categories])])}
            onChange={(value) => change({ category: value })}
          />
        </div>
        <Select
          label="Priority"
          value={priority}
          options={choices(LEVELS)}
          onChange={(value) => change({ priority: LEVELS.find((level) => level === value) ?? priority })}
        />
        <Select
          label="Sentiment"
          value={sentiment}
          options={choices(SENTIMENTS)}
          onChange={(value) => change({ sentiment: SENTIMENTS.find((name) => name === value) ?? sentiment })}
        />
        <Select
          label="Escalate"
          value={escalate ? "yes" : "no"}
          options={choices(["yes", "no"])}
          onChange={(value) => change({ escalate: value === "yes" })}
        />
      </div>
      {isChanged || standing.state === "suggested" || standing.state === "rejected" ? (
        <div className="flex gap-2">
          <Button disabled={decide.isPending} onClick={save}>
            {isChanged ? "Save the change" : "Confirm"}
          </Button>
          {isChanged ? (
            <Button look="quiet" onClick={() => setChanges({})}>
              Discard
            </Button>
          ) : null}
        </div>
      ) : null}
      <Failure error={decide.error} what="Not saved" />
      <details className="text-sm text-soft">
        <summary>Why, with confidence {formatRatio(standing.confidence)}</summary>
        <ul className="mt-1 list-disc pl-5">
          {standing.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}
