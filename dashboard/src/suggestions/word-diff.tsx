import { diffWordsWithSpace } from "diff";
import { type ReactNode, useMemo } from "react";

/** Two long texts without a word in common take seconds to compare; then they are shown as they are. */
const TIMEOUT_MS = 50;

/** What was sent, with what the person took out and put in. */
export function WordDiff({ before, after }: { readonly before: string; readonly after: string }): ReactNode {
  const parts = useMemo(() => diffWordsWithSpace(before, after, { timeout: TIMEOUT_MS }), [before, after]);
  if (parts === undefined) {
    return (
      <>
        <p className="text-sm text-soft">Too different to be compared word by word; this was sent:</p>
        <p className="rounded bg-sunken p-3 whitespace-pre-wrap">{after}</p>
      </>
    );
  }
  return (
    <p className="rounded bg-sunken p-3 whitespace-pre-wrap">
      {parts.map(({ value, added, removed }, index) => {
        if (added)
          return (
            <ins key={index} className="bg-good-ground text-good">
              {value}
            </ins>
          );
        if (removed)
          return (
            <del key={index} className="bg-bad-ground text-bad">
              {value}
            </del>
          );
        return value;
      })}
    </p>
  );
}
