import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import {
  formatBucket,
  formatCount,
  formatDay,
  formatDuration,
  formatDurationPair,
  formatRate,
  formatTimeOfDay,
  UNKNOWN,
} from "../metrics/format.ts";
import type { MetricsRow, Rate } from "../metrics/metrics-row.ts";
import type { HttpMirrorStatus } from "./services.ts";
import { STATUS_PAGE_CSS } from "./status-page-css.ts";

type Html = ReturnType<typeof html>;

type StatusFacts = {
  readonly at: Date;
  /** The last 24 hours in one row; `undefined` when nothing happened in them. */
  readonly total: MetricsRow | undefined;
  readonly hours: readonly MetricsRow[];
  readonly mirror: HttpMirrorStatus;
};

/** No script, no form, nothing from elsewhere; the one style sheet is allowed by its hash. */
export const STATUS_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STATUS_PAGE_CSS).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

// Whole in one text, as a formatter that adds a line break inside the element would change its hash.
const STYLE = raw(`<style>${STATUS_PAGE_CSS}</style>`);

const REFRESH_SECONDS = 5;

const percent = (share: number | null): string => (share === null ? UNKNOWN : `${(share * 100).toFixed(1)} %`);

/** What a rate was counted from, and how far it can be trusted. */
function basis({ numerator, denominator, value, low, high }: Rate, words: string): string {
  if (value === null) return `nothing ${words} yet`;
  return `${numerator} of ${denominator} ${words}; 95 % interval ${percent(low)} to ${percent(high)}`;
}

const card = (title: string, value: string, note: string): Html =>
  html`<div class="card">
    <dt>${title}</dt>
    <dd class="value">${value}</dd>
    <dd class="note">${note}</dd>
  </div>`;

function cards(total: MetricsRow | undefined): Html {
  if (total === undefined) return html`<p>No suggestions in the last 24 hours.</p>`;
  const { acceptedCount, revisedCount, rejectedCount, suggestionCount } = total;
  return html`<dl class="cards">
    ${card("Success rate", percent(total.successRate.value), basis(total.successRate, "decided"))}
    ${card("Error rate", percent(total.errorRate.value), basis(total.errorRate, "finished"))}
    ${card("Latency p50 / p95", formatDurationPair(total.latencyP50Ms, total.latencyP95Ms), `of ${total.latencyKnownCount} calls`)}
    ${card("Suggestions", String(suggestionCount), `${acceptedCount} accepted, ${revisedCount} revised, ${rejectedCount} rejected`)}
  </dl>`;
}

const COLUMNS: readonly { readonly title: string; readonly cell: (row: MetricsRow) => string }[] = [
  { title: "hour (UTC)", cell: (row) => formatBucket(row.bucketStart, "hour") },
  { title: "suggestions", cell: (row) => formatCount(row.suggestionCount) },
  { title: "errors", cell: (row) => formatCount(row.errorCount) },
  { title: "decided", cell: (row) => formatCount(row.decidedCount) },
  { title: "accepted", cell: (row) => formatCount(row.acceptedCount) },
  { title: "revised", cell: (row) => formatCount(row.revisedCount) },
  { title: "rejected", cell: (row) => formatCount(row.rejectedCount) },
  { title: "success rate [95 %]", cell: (row) => formatRate(row.successRate) },
  { title: "error rate [95 %]", cell: (row) => formatRate(row.errorRate) },
  { title: "latency p50 / p95", cell: (row) => formatDurationPair(row.latencyP50Ms, row.latencyP95Ms) },
  { title: "time to feedback p50", cell: (row) => formatDuration(row.timeToFeedbackP50Ms) },
];

function hourlyTable(hours: readonly MetricsRow[]): Html | string {
  if (hours.length === 0) return "";
  // Newest first: what happens now is what the page is watched for.
  const rows = [...hours].sort((a, b) => b.bucketStart.getTime() - a.bucketStart.getTime());
  return html`<h2>By the hour</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Metrics by the hour">
      <table>
        <thead>
          <tr>
            ${COLUMNS.map(({ title }) => html`<th scope="col">${title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                ${COLUMNS.map(({ cell }) => html`<td>${cell(row)}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function mirrorSection(mirror: HttpMirrorStatus): Html {
  const { waiting, oldestWaitingSeconds, dead, deliveredTraces, deliveredScores, target } = mirror;
  const age = oldestWaitingSeconds === null ? null : oldestWaitingSeconds * 1000;
  return html`<h2>Mirror</h2>
    <p>${target === null ? "No Langfuse is set; what is to be mirrored waits in the outbox." : `Into ${target}`}</p>
    <dl class="cards">
      ${card("Delivered", `${deliveredTraces} traces`, `${deliveredScores} scores`)}
      ${card("Waiting", formatCount(waiting), age === null ? "nothing waits" : `oldest since ${formatDuration(age)}`)}
      ${card("Dead letters", formatCount(dead), dead === 0 ? "none refused" : "refused for good; see the log")}
    </dl>`;
}

/** The status page: both metrics of the last 24 hours, the hours one by one, and how the mirror stands. */
export function statusPage({ at, total, hours, mirror }: StatusFacts): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="refresh" content="${REFRESH_SECONDS}" />
        <title>Uptake</title>
        ${STYLE}
      </head>
      <body>
        <main>
          <h1>Uptake</h1>
          <p class="note">
            Last 24 hours, at ${formatDay(at)} ${formatTimeOfDay(at)} UTC; renews itself every ${REFRESH_SECONDS}
            seconds.
          </p>
          ${cards(total)} ${hourlyTable(hours)} ${mirrorSection(mirror)}
          <p class="note">JSON: <a href="/v1/metrics">/v1/metrics</a>, <a href="/v1/mirror">/v1/mirror</a></p>
        </main>
      </body>
    </html> `;
}
