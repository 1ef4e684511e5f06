import type { ReactNode } from "react";
import { Page } from "../ui/page.tsx";
import { bucketFor } from "../url/range.ts";
import { useFilters } from "../url/filters.ts";
import { BreakdownSection } from "./breakdown-section.tsx";
import { CalibrationSection } from "./calibration-section.tsx";
import { FilterBar } from "../ui/filter-bar.tsx";
import { HeadlineCards } from "./headline-cards.tsx";
import { ReasonsSection } from "./reasons-section.tsx";
import { RatesSection, SpeedSection } from "./series-sections.tsx";
import { SurvivalSection } from "./survival-section.tsx";

/** Whether the AI helps, since when, and why not. */
export function OverviewPage(): ReactNode {
  const [filters, change] = useFilters();
  const bucket = bucketFor(filters.range);
  return (
    <Page title="Overview" controls={<FilterBar filters={filters} change={change} />}>
      <HeadlineCards filters={filters} />
      <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
        <RatesSection filters={filters} bucket={bucket} />
        <SpeedSection filters={filters} bucket={bucket} />
      </div>
      <BreakdownSection filters={filters} />
      <ReasonsSection filters={filters} />
      <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
        <SurvivalSection filters={filters} />
        <CalibrationSection filters={filters} />
      </div>
    </Page>
  );
}
