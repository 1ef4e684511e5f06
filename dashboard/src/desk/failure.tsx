import type { ReactNode } from "react";
import { Problem } from "../api/problem.ts";

/** Why something that a person asked for did not happen; nothing where it did. */
export function Failure({ error, what }: { readonly error: Error | null; readonly what: string }): ReactNode {
  if (error === null) return null;
  const message = error instanceof Problem ? error.message : "something went wrong in this page.";
  return (
    <p role="alert" className="mt-2 rounded bg-bad-ground px-3 py-1 text-sm text-bad">
      {what}: {message}
    </p>
  );
}
