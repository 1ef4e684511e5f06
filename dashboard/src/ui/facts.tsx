import type { ReactNode } from "react";
import { UNKNOWN } from "../format/format.ts";

/** Names and values beside each other; what is not known is a dash. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ReactNode])[] }): ReactNode {
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-2 sm:grid-cols-3 lg:grid-cols-5">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt className="text-xs text-soft">{name}</dt>
          <dd className="tabular-nums">{value ?? UNKNOWN}</dd>
        </div>
      ))}
    </dl>
  );
}
