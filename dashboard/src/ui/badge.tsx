import type { ReactNode } from "react";

export type Tone = "good" | "bad" | "warn" | "plain";

const TONES: Record<Tone, string> = {
  good: "bg-good-ground text-good",
  bad: "bg-bad-ground text-bad",
  warn: "bg-warn-ground text-warn",
  plain: "bg-sunken text-soft",
};

/** A word that says how something stands; its tone only repeats what the word says. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }): ReactNode {
  return (
    <span className={`inline-block rounded px-1.5 py-0.5 text-xs font-medium whitespace-nowrap ${TONES[tone]}`}>
      {children}
    </span>
  );
}
