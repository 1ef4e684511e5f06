import type { ReactNode } from "react";

type PayloadProps = { readonly name: string; readonly value: unknown; readonly heading?: "h3" | "h4" };

/** Any JSON as text, and nothing but text: it may come from customers and from models. */
export function Payload({ name, value, heading: Heading = "h4" }: PayloadProps): ReactNode {
  if (value === undefined || value === null) return null;
  return (
    <div>
      <Heading className="mb-1 text-sm text-soft">{name}</Heading>
      <pre
        className="max-h-80 overflow-auto rounded bg-sunken p-2 font-mono text-xs whitespace-pre-wrap"
        tabIndex={0}
        aria-label={name}
      >
        {typeof value === "string" ? value : JSON.stringify(value, null, 2)}
      </pre>
    </div>
  );
}
