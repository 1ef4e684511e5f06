import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import { formatDay, formatTimeOfDay } from "../metrics/format.ts";
import type { MetricsRow } from "../metrics/metrics-row.ts";
import type { HttpMirrorStatus } from "./services.ts";
import { metricsCards, mirrorSection, type Html } from "./status-page-cards.ts";
import { STATUS_PAGE_CSS } from "./status-page-css.ts";
import { hoursSection } from "./status-page-hours.ts";

type StatusFacts = {
  readonly at: Date;
  /** Whether the page renews itself. Who reads slowly, or with a screen reader, can have it stand still. */
  readonly isRenewing: boolean;
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

const page = ({ isRenewing, body }: { readonly isRenewing: boolean; readonly body: Html }): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${isRenewing ? html`<meta http-equiv="refresh" content="${REFRESH_SECONDS}" />` : ""}
        <title>Uptake status</title>
        ${STYLE}
      </head>
      <body>
        <main>
          <h1>Uptake status</h1>
          ${body}
        </main>
      </body>
    </html> `;

/** The status page: both metrics of the last 24 hours, the hours one by one, and how the mirror stands. */
export function statusPage({ at, isRenewing, total, hours, mirror }: StatusFacts): Html {
  const renewal = isRenewing
    ? html`Renews itself every ${REFRESH_SECONDS} seconds; <a href="/status?renew=off">stand still</a>.`
    : html`Stands still; <a href="/status">renew every ${REFRESH_SECONDS} seconds</a>.`;
  const body = html`<p class="note">
      AI suggestions of the last 24 hours, as of
      <time datetime="${at.toISOString()}">${formatDay(at)} ${formatTimeOfDay(at)} UTC</time>. ${renewal}
    </p>
    ${metricsCards(total)} ${hoursSection(hours)} ${mirrorSection(mirror)}
    <p class="note">
      <a href="/">Dashboard</a>; JSON: <a href="/v1/metrics">/v1/metrics</a>, <a href="/v1/mirror">/v1/mirror</a>
    </p>`;
  return page({ isRenewing, body });
}

/** What stands in the status page's place when its facts cannot be read; it tries again by itself. */
export function statusProblemPage({ code, message }: { readonly code: string; readonly message: string }): Html {
  const body = html`<p>The numbers cannot be shown now: ${message}.</p>
    <p class="note">${code}; tried again every ${REFRESH_SECONDS} seconds.</p>`;
  return page({ isRenewing: true, body });
}
