import type { ReactNode } from "react";

/** Any JSON as text, and nothing but text: it may come from customers and from models. */
export function Payload({ name, value }: { readonly name: string; readonly value: unknown }): ReactNode {
  if (value === undefined || value === null) return null;
  return (
    <div>
      <h4 className="mb-1 text-sm text-soft">{name}</h4>
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
