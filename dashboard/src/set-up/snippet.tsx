import { type ReactNode, useEffect, useState } from "react";
import { Button } from "../ui/button.tsx";

const SAID_MS = 2_000;

/** Code to be copied. */
export function Snippet({ name, code }: { readonly name: string; readonly code: string }): ReactNode {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (said === "") return undefined;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = (): void => {
    // Not there on a page that came over plain http from another machine.
    const copying = navigator.clipboard?.writeText(code) ?? Promise.reject(new Error("no clipboard"));
    copying.then(
      () => setSaid("Copied"),
      () => setSaid("Select it and copy"),
    );
  };
  return (
    <div className="relative rounded border border-line bg-sunken">
      <pre
        tabIndex={0}
        aria-label={name}
        className="overflow-x-auto p-3 pr-24 font-mono text-xs whitespace-pre-wrap select-all"
      >
        {code}
      </pre>
      <div className="absolute top-1 right-1 flex items-center gap-2">
        <span role="status" className="text-xs text-soft">
          {said}
        </span>
        <Button look="quiet" onClick={copy} aria-label={`Copy: ${name}`}>
          Copy
        </Button>
      </div>
    </div>
  );
}
