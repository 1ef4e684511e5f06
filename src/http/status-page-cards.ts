import { html } from "hono/html";
import { formatCount, formatDuration, UNKNOWN } from "../metrics/format.ts";
import type { MetricsRow, Rate } from "../metrics/metrics-row.ts";
import type { HttpMirrorStatus } from "./services.ts";

export type Html = ReturnType<typeof html>;

/** A share of 0–1 in percent; its space is one that no line breaks at, as a `%` alone on a line reads badly. */
export const formatPercent = (share: number | null): string =>
  share === null ? UNKNOWN : `${(share * 100).toFixed(1)}\u00A0%`;

type Card = {
  readonly title: string;
  readonly value: string;
  readonly notes: readonly string[];
  /** Whether someone has to look into it. */
  readonly isAlert?: boolean;
};

const card = ({ title, value, notes, isAlert = false }: Card): Html =>
  html`<div class="${isAlert ? "card alert" : "card"}">
    <dt>${title}</dt>
    <dd class="value">${value}</dd>
    ${notes.map((note) => html`<dd class="note">${note}</dd>`)}
  </div>`;

/** A rate is never shown without what it was counted from and how far it can be trusted. */
function rateCard(title: string, rate: Rate, words: { readonly counted: string; readonly none: string }): Html {
  const { numerator, denominator, value, low, high } = rate;
  const basis = [
    `${numerator} of ${denominator} ${words.counted}`,
    `95\u00A0% interval: ${formatPercent(low)} to ${formatPercent(high)}`,
  ];
  return card({ title, value: formatPercent(value), notes: value === null ? [words.none] : basis });
}

function latencyCard({ latencyP50Ms, latencyP95Ms, latencyKnownCount }: MetricsRow): Html {
  const notes = [
    `median of ${latencyKnownCount} runs, from start to end`,
    `95th percentile: ${formatDuration(latencyP95Ms)}`,
  ];
  return card({
    title: "Latency",
    value: formatDuration(latencyP50Ms),
    notes: latencyP50Ms === null ? ["no run timed yet"] : notes,
  });
}

function suggestionsCard(total: MetricsRow): Html {
  const { suggestionCount, decidedCount, acceptedCount, revisedCount, rejectedCount } = total;
  const notes = [
    `${decidedCount} decided:`,
    `${acceptedCount} accepted, ${revisedCount} revised, ${rejectedCount} rejected`,
  ];
  return card({
    title: "Suggestions",
    value: formatCount(suggestionCount),
    notes: decidedCount === 0 ? ["none decided yet"] : notes,
  });
}

/** Success rate and error rate large, then what explains them. */
export function metricsCards(total: MetricsRow | undefined): Html {
  if (total === undefined) return html`<p>No suggestions in the last 24 hours.</p>`;
  const { successRate, errorRate, timeToFeedbackP50Ms } = total;
  return html`<dl class="cards first">
      ${rateCard("Success rate", successRate, { counted: "decided suggestions were accepted", none: "nothing decided yet" })}
      ${rateCard("Error rate", errorRate, { counted: "finished runs failed", none: "nothing finished yet" })}
    </dl>
    <dl class="cards">
      ${latencyCard(total)}
      ${card({
        title: "Time to feedback",
        value: formatDuration(timeToFeedbackP50Ms),
        notes: [timeToFeedbackP50Ms === null ? "no feedback yet" : "median, from suggestion to first feedback"],
      })}
      ${suggestionsCard(total)}
    </dl>`;
}

/** How the mirror stands; dead letters call for attention in words and colour. */
export function mirrorSection(mirror: HttpMirrorStatus): Html {
  const {
    waitingCount,
    oldestWaitingSeconds,
    deadCount,
    deliveredTraceCount,
    deliveredScoreCount,
    target,
    deliveredFeedbackObservationCount,
  } = mirror;
  const age = oldestWaitingSeconds === null ? null : oldestWaitingSeconds * 1000;
  return html`<h2>Mirror</h2>
    <p>
      ${
        target === null
          ? "No Langfuse is set; what is to be mirrored waits in the outbox."
          : `Suggestions and feedback are copied into Langfuse at ${target}`
      }
    </p>
    <dl class="cards">
      ${card({
        title: "Delivered",
        value: `${deliveredTraceCount} traces`,
        notes: [
          `and ${deliveredScoreCount} scores with ${deliveredFeedbackObservationCount} human-feedback events, in all`,
        ],
      })}
      ${card({
        title: "Waiting",
        value: formatCount(waitingCount),
        notes: [age === null ? "nothing waits" : `the oldest for ${formatDuration(age)}`],
      })}
      ${card({
        title: "Dead letters",
        value: formatCount(deadCount),
        notes: [deadCount === 0 ? "none refused" : "refused for good; the log says why"],
        isAlert: deadCount > 0,
      })}
    </dl>`;
}
