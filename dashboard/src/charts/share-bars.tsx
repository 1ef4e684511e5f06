import type { ReactNode } from "react";
import { Link } from "wouter";
import type { ColorToken } from "./theme.ts";

export type ShareBar = {
  readonly label: string;
  /** 0–1; null where nothing is known. */
  readonly share: number | null;
  readonly low?: number | null;
  readonly high?: number | null;
  /** What is written beside the bar. */
  readonly text: string;
  readonly color?: ColorToken;
  /** Where what it stands for can be seen. */
  readonly href?: string;
};

const percent = (share: number): string => `${Math.min(100, Math.max(0, share * 100))}%`;

/** Shares beside each other, with a whisker for how far each can be trusted. The text says it all; the bar repeats it. */
export function ShareBars({ name, bars }: { readonly name: string; readonly bars: readonly ShareBar[] }): ReactNode {
  return (
    <ul aria-label={name} className="grid grid-cols-1 gap-2">
      {bars.map(({ label, share, low, high, text, color = "series-1", href }) => (
        <li key={label}>
          <div className="flex justify-between gap-3 text-sm">
            <span>
              {href === undefined ? (
                label
              ) : (
                <Link href={href} className="text-accent underline">
                  {label}
                </Link>
              )}
            </span>
            <span className="text-right text-soft tabular-nums">{text}</span>
          </div>
          <div aria-hidden="true" className="relative mt-0.5 h-2.5 rounded bg-sunken">
            {share === null ? null : (
              <div className="h-full rounded" style={{ width: percent(share), background: `var(--${color})` }} />
            )}
            {low === null || high === null || low === undefined || high === undefined ? null : (
              <div
                className="absolute top-1/2 h-px bg-ink"
                style={{ left: percent(low), width: percent(high - low) }}
              />
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
