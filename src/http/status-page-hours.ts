import { html } from "hono/html";
import {
  formatCount,
  formatDay,
  formatDuration,
  formatDurationPair,
  formatTimeOfDay,
  UNKNOWN,
} from "../metrics/format.ts";
import type { MetricsRow, Rate } from "../metrics/metrics-row.ts";
import { formatPercent, type Html } from "./status-page-cards.ts";

/** Narrow, so that both rates fit beside the hour on a phone: `38.6–81.5 %`. */
const formatInterval = (low: number | null, high: number | null): string =>
  `${formatPercent(low).replace(/\s%$/u, "")}–${formatPercent(high)}`;

function rateCell({ numerator, denominator, value, low, high }: Rate): Html | string {
  if (value === null) return UNKNOWN;
  return html`${formatPercent(value)}
    <small><span>${numerator} of ${denominator}</span> <span>${formatInterval(low, high)}</span></small>`;
}

// Both metrics come first, so that a phone shows them beside the hour, and the rest is what is scrolled to.
const COLUMNS: readonly { readonly title: string; readonly cell: (row: MetricsRow) => Html | string }[] = [
  { title: "Success rate", cell: (row) => rateCell(row.successRate) },
  { title: "Error rate", cell: (row) => rateCell(row.errorRate) },
  { title: "Suggestions", cell: (row) => formatCount(row.suggestionCount) },
  { title: "Accepted", cell: (row) => formatCount(row.acceptedCount) },
  { title: "Revised", cell: (row) => formatCount(row.revisedCount) },
  { title: "Rejected", cell: (row) => formatCount(row.rejectedCount) },
  { title: "Latency: median / p95", cell: (row) => formatDurationPair(row.latencyP50Ms, row.latencyP95Ms) },
  { title: "Time to feedback: median", cell: (row) => formatDuration(row.timeToFeedbackP50Ms) },
];

const tableRow = (row: MetricsRow): Html =>
  html`<tr>
    <th scope="row">
      <time datetime="${row.bucketStart.toISOString()}"
        ><span>${formatDay(row.bucketStart)}</span> <span>${formatTimeOfDay(row.bucketStart)}</span></time
      >
    </th>
    ${COLUMNS.map(({ cell }) => html`<td>${cell(row)}</td>`)}
  </tr>`;

/** The hours with suggestions, newest first: what happens now is what the page is watched for. */
export function hoursSection(hours: readonly MetricsRow[]): Html | string {
  const filled = hours.filter(({ suggestionCount }) => suggestionCount > 0);
  if (filled.length === 0) return "";
  const rows = filled.sort((a, b) => b.bucketStart.getTime() - a.bucketStart.getTime());
  return html`<h2 id="hours">By the hour</h2>
    <p class="note">
      Of the suggestions made in each hour; rates with their 95 % interval. Hours without suggestions are left out.
    </p>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="hours">
      <table aria-labelledby="hours">
        <thead>
          <tr>
            <th scope="col">Hour (UTC)</th>
            ${COLUMNS.map(({ title }) => html`<th scope="col">${title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(tableRow)}
        </tbody>
      </table>
    </div>`;
}
