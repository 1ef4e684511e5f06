import { type KeyboardEvent, type ReactNode, type Ref, useId } from "react";
import { Button } from "../ui/button.tsx";

type ReplyBoxProps = {
  readonly ref: Ref<HTMLTextAreaElement>;
  readonly draft: string;
  readonly onChange: (text: string) => void;
  readonly onSend: () => void;
};

/** Where the reply is written; what is typed stays until it has been sent. */
export function ReplyBox({ ref, draft, onChange, onSend }: ReplyBoxProps): ReactNode {
  const id = useId();
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    onSend();
  };
  return (
    <div>
      <label htmlFor={id} className="mb-1 flex items-center justify-between text-sm font-semibold">
        Your reply <kbd className="font-mono text-xs font-normal text-soft">n</kbd>
      </label>
      <textarea
        id={id}
        ref={ref}
        value={draft}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKey}
        maxLength={200_000}
        rows={Math.min(16, Math.max(4, draft.split("\n").length + 1))}
        className="w-full rounded-md border border-line bg-surface p-3 text-ink"
      />
      <div className="mt-1 flex flex-wrap items-center gap-3">
        <Button look="primary" disabled={draft.trim() === ""} aria-keyshortcuts="Control+Enter" onClick={onSend}>
          Send <kbd className="font-mono text-xs">Ctrl+Enter</kbd>
        </Button>
        <span className="text-sm text-soft">What you change is compared with the suggestion by itself.</span>
      </div>
    </div>
  );
}
