import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import { Select } from "./select.tsx";
import { type FilterName, type Filters, filterNames } from "../url/filters.ts";
import type { RangeName } from "../url/range.ts";

const RANGE_NAMES = [
  { value: "24h", text: "Last 24 hours" },
  { value: "7d", text: "Last 7 days" },
  { value: "30d", text: "Last 30 days" },
  { value: "90d", text: "Last 90 days" },
] as const satisfies readonly { readonly value: RangeName; readonly text: string }[];

const FILTER_WORDS: Record<FilterName, string> = {
  function: "function",
  model: "model",
  promptVersion: "prompt version",
  environment: "environment",
};

const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

type FilterBarProps = {
  readonly filters: Filters;
  readonly change: (changes: Readonly<Record<string, string | null>>) => void;
};

/** Range and zone, and what the numbers are narrowed down to; all of it is in the URL, so the page can be shared. */
export function FilterBar({ filters, change }: FilterBarProps): ReactNode {
  const zones = [...new Set([filters.zone, browserZone, "UTC"])];
  return (
    <div className="flex flex-wrap items-end gap-2">
      <Select
        label="Range"
        value={filters.rangeName}
        options={[...RANGE_NAMES, ...(filters.rangeName === "custom" ? [{ value: "custom", text: "As linked" }] : [])]}
        onChange={(range) => change({ range, from: null, to: null })}
      />
      <Select
        label="Time zone"
        value={filters.zone}
        options={zones.map((zone) => ({ value: zone, text: zone }))}
        onChange={(zone) => change({ zone })}
      />
      {filterNames.map((name) => {
        const value = filters.only[name];
        return value === undefined ? null : (
          <Button
            key={name}
            onClick={() => change({ [name]: null })}
            aria-label={`No longer only ${FILTER_WORDS[name]} ${value}`}
          >
            {FILTER_WORDS[name]}: {value} <span aria-hidden="true">✕</span>
          </Button>
        );
      })}
    </div>
  );
}
