import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { postFeedback, renewDesk } from "../api/desk.ts";
import { Button } from "../ui/button.tsx";
import { Failure } from "./failure.tsx";
import { newId } from "./new-id.ts";

type RejectFormProps = {
  readonly suggestionId: string;
  readonly reasons: readonly string[];
  readonly agentId: string;
  readonly onDone: () => void;
};

/** Why a suggestion is of no use: reasons in the order of choosing, the first the primary one, and a comment. */
export function RejectForm({ suggestionId, reasons, agentId, onDone }: RejectFormProps): ReactNode {
  const client = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [comment, setComment] = useState("");
  // Sent again after a failure it is the same act.
  const [idempotencyKey] = useState(newId);
  const reject = useMutation({
    mutationFn: () =>
      postFeedback({
        suggestionId,
        type: "rejection",
        reason: [...chosen],
        ...(comment.trim() === "" ? {} : { comment }),
        agentId,
        idempotencyKey,
      }),
    onSuccess: async () => {
      await renewDesk(client);
      onDone();
    },
  });
  useEffect(() => form.current?.querySelector("input")?.focus(), []);
  const send = (): void => (chosen.length === 0 || reject.isPending ? undefined : reject.mutate());
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") onDone();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
    else return;
    event.preventDefault();
  };
  const toggle = (reason: string): void =>
    setChosen(chosen.includes(reason) ? chosen.filter((one) => one !== reason) : [...chosen, reason]);
  return (
    <form
      ref={form}
      aria-label="Reject"
      onKeyDown={onKey}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      className="mt-3 rounded-md border border-line p-3"
    >
      <fieldset>
        <legend className="text-sm font-semibold">Why is it of no use?</legend>
        <div className="mt-1 grid gap-1 sm:grid-cols-2 xl:grid-cols-1">
          {reasons.map((reason) => (
            <label key={reason} className="flex min-h-7 items-center gap-2 text-sm">
              <input type="checkbox" checked={chosen.includes(reason)} onChange={() => toggle(reason)} />
              {reason}
              {chosen[0] === reason && chosen.length > 1 ? (
                <span className="text-xs text-soft">first of all</span>
              ) : null}
            </label>
          ))}
        </div>
      </fieldset>
      <label className="mt-2 grid text-xs text-soft">
        Comment
        <textarea
          value={comment}
          onChange={(event) => setComment(event.target.value)}
          rows={2}
          maxLength={10_000}
          className="rounded-md border border-line bg-surface p-2 text-sm text-ink"
        />
      </label>
      <Failure error={reject.error} what="Not rejected" />
      <div className="mt-2 flex flex-wrap gap-2">
        <Button look="danger" type="submit" disabled={chosen.length === 0 || reject.isPending}>
          Reject it <kbd className="font-mono text-xs">Ctrl+Enter</kbd>
        </Button>
        <Button look="quiet" onClick={onDone}>
          Cancel <kbd className="font-mono text-xs">Esc</kbd>
        </Button>
      </div>
    </form>
  );
}
