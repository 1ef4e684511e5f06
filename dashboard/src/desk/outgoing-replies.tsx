import { type ReactNode, useEffect, useState } from "react";
import { Button } from "../ui/button.tsx";
import { dismissReply, type Outgoing, undoReply, useOutgoing } from "./outgoing.ts";
import { useShortcuts } from "./use-shortcuts.ts";

/** What is about to be sent, and can be taken back; and what could not be sent. */
export function OutgoingReplies(): ReactNode {
  const replies = useOutgoing();
  useShortcuts({
    u: () => {
      const last = replies.findLast(({ state }) => state === "waiting");
      if (last !== undefined) undoReply(last.messageId);
    },
  });
  return (
    <div className="sticky top-2 z-10 grid grid-cols-1 gap-2 empty:hidden">
      {replies.map((reply) =>
        reply.state === "failed" ? (
          <Failed key={reply.messageId} reply={reply} />
        ) : (
          <OnItsWay key={reply.messageId} reply={reply} />
        ),
      )}
    </div>
  );
}

function OnItsWay({ reply }: { readonly reply: Outgoing }): ReactNode {
  const seconds = useSecondsUntil(reply.heldUntil);
  return (
    <div
      role="status"
      className="flex items-center justify-between gap-3 rounded-lg border border-line bg-surface px-4 py-2 shadow-md"
    >
      <p className="min-w-0 truncate text-sm">
        {reply.state === "waiting" ? "Sending: " : "Being sent: "}
        <span className="text-soft">{reply.text}</span>
      </p>
      {reply.state === "waiting" ? (
        <Button aria-keyshortcuts="u" className="shrink-0" onClick={() => undoReply(reply.messageId)}>
          Undo <kbd className="font-mono text-xs text-soft">u</kbd>
          <span aria-hidden="true" className="w-4 text-soft tabular-nums">
            {seconds}
          </span>
        </Button>
      ) : null}
    </div>
  );
}

function Failed({ reply }: { readonly reply: Outgoing }): ReactNode {
  return (
    <div
      role="alert"
      className="flex items-center justify-between gap-3 rounded-lg bg-bad-ground px-4 py-2 text-bad shadow-md"
    >
      <p className="text-sm">Not sent: {reply.error} The text is in the ticket&rsquo;s reply again.</p>
      <Button className="shrink-0" onClick={() => dismissReply(reply.messageId)}>
        Close
      </Button>
    </div>
  );
}

function useSecondsUntil(moment: number): number {
  const secondsLeft = (): number => Math.max(0, Math.ceil((moment - Date.now()) / 1000));
  const [seconds, setSeconds] = useState(secondsLeft);
  useEffect(() => {
    const timer = setInterval(() => setSeconds(secondsLeft()), 250);
    return () => clearInterval(timer);
  });
  return seconds;
}
