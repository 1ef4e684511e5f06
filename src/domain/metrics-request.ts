import { DAY_MS } from "./durations.ts";
import { invalidInput, UptakeError } from "./errors.ts";
import { parseInstant } from "./instant.ts";
import { parseZone, startOfDay, UTC, type Zone, zoneOf } from "./zone.ts";

/** How long the time buckets of a metrics table are; `total` is one bucket for the whole range. */
export const metricsBuckets = ["hour", "day", "total"] as const;
export type MetricsBucket = (typeof metricsBuckets)[number];

/** What metrics can be split by. */
export const metricsDimensions = ["function", "model", "promptVersion", "environment", "confidenceBand"] as const;
export type MetricsDimension = (typeof metricsDimensions)[number];

/** The durations whose percentiles metrics have. */
export const metricsDurations = ["latency", "timeToFirstToken", "timeToFeedback"] as const;
export type MetricsDuration = (typeof metricsDurations)[number];

/** What they can be narrowed down to, each by one name. */
export const metricsFilters = ["function", "model", "promptVersion", "environment"] as const;
export type MetricsFilter = (typeof metricsFilters)[number];

/** What to show of the metrics: the first five are columns of one row a bucket, the others tables of their own. */
export const metricsViews = [
  "summary",
  "rates",
  "speed",
  "cost",
  "errors",
  "reasons",
  "calibration",
  "survival",
] as const;
export type MetricsView = (typeof metricsViews)[number];

/** Reads a view's name. Throws `invalid_input` naming the place. */
export const parseMetricsView = (text: string, place: string): MetricsView => oneOf(metricsViews, text, place);

/** A question for the metrics of `from` (inclusive) to `to` (exclusive). */
export type MetricsRequest = {
  readonly from: Date;
  readonly to: Date;
  readonly bucket: MetricsBucket;
  readonly by: readonly MetricsDimension[];
  /** Only suggestions of these: a name of each that is given. */
  readonly only?: Readonly<Partial<Record<MetricsFilter, string>>> | undefined;
  /** Whose days `day` means; UTC when left out. Hour buckets are the same instants in every zone. */
  readonly zone?: Zone | undefined;
  /**
   * Whose percentiles are wanted; those of all when left out. They are most of what reading costs, so a chart of counts and
   * rates had better ask for none. What is not asked for is null, in `…P50Ms` to `…P99Ms` and the `…KnownCount` beside them.
   */
  readonly durations?: readonly MetricsDuration[] | undefined;
};

/** What of a question can be said in a text. */
type MetricsRequestText = Exclude<keyof MetricsRequest, "only"> | MetricsFilter;

/** The question as text, from flags or from a query string; `by` and `durations` are comma-separated lists. */
export type MetricsRequestTexts = { readonly [Name in MetricsRequestText]?: string | undefined };

/** Where the texts came from, to be named in messages, and what is in `bucket` when it is not given. */
export type MetricsRequestContext = {
  readonly now: Date;
  readonly place: (name: MetricsRequestText) => string;
  readonly bucket: MetricsBucket;
};

function oneOf<Name extends string>(names: readonly Name[], text: string, place: string): Name {
  const name = names.find((candidate) => candidate === text);
  if (name !== undefined) return name;
  throw invalidInput(place, `got ${JSON.stringify(text.slice(0, 80))}; expected ${names.join(", ")}`);
}

/** The names in a comma-separated list, each once. */
function listOf<Name extends string>(names: readonly Name[], text: string, place: string): Name[] {
  const given = text.split(",").map((name) => name.trim());
  return [...new Set(given.filter((name) => name !== "").map((name) => oneOf(names, name, place)))];
}

const NO_DURATIONS = "none";

const durationsOf = (text: string, place: string): MetricsDuration[] =>
  text.trim() === NO_DURATIONS ? [] : listOf(metricsDurations, text, place);

/** An empty text counts as not given. */
function onlyOf(texts: MetricsRequestTexts): MetricsRequest["only"] {
  const given = metricsFilters.flatMap((filter) => {
    const name = texts[filter];
    return name === undefined || name === "" ? [] : [[filter, name] as const];
  });
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** Runs each reader, and throws everything that is wrong at once, one line each. */
function together(readers: readonly (() => unknown)[]): void {
  const messages: string[] = [];
  for (const read of readers) {
    try {
      read();
    } catch (error) {
      if (!(error instanceof UptakeError)) throw error;
      messages.push(error.message);
    }
  }
  if (messages.length > 0)
    throw new UptakeError("invalid_input", messages.join("\n"), { facts: { problems: messages } });
}

const DATE = /^\d{4}-\d{2}-\d{2}$/u;

/** A date alone means the beginning of that day in the zone; everything else is the same moment everywhere. */
function momentIn(zone: Zone, text: string, parse: () => Date): Date {
  const parsed = parse();
  return DATE.test(text) && zone !== UTC ? (startOfDay(text, zone) ?? parsed) : parsed;
}

/**
 * Reads a question for metrics; without `from` and `to` it is the last 24 hours, and an empty text counts as not given.
 * Throws one `invalid_input` with everything that is wrong, in the words of the command line or of the query string.
 */
export function parseMetricsRequest(texts: MetricsRequestTexts, context: MetricsRequestContext): MetricsRequest {
  const { now, place } = context;
  const moment = (text: string, name: "from" | "to"): Date =>
    momentIn(zoneOf(texts.zone || UTC) ?? UTC, text, () => parseInstant(text, place(name), now));
  const to = (): Date => (texts.to ? moment(texts.to, "to") : now);
  const from = (): Date => (texts.from ? moment(texts.from, "from") : new Date(to().getTime() - DAY_MS));
  const bucket = (): MetricsBucket =>
    texts.bucket ? oneOf(metricsBuckets, texts.bucket, place("bucket")) : context.bucket;
  const by = (): MetricsDimension[] => listOf(metricsDimensions, texts.by ?? "", place("by"));
  const durations = (): readonly MetricsDuration[] | undefined =>
    texts.durations === undefined ? undefined : durationsOf(texts.durations, place("durations"));
  const zone = (): Zone => (texts.zone ? parseZone(texts.zone, place("zone")) : UTC);
  together([to, ...(texts.from ? [from] : []), bucket, by, durations, zone]);
  const only = onlyOf(texts);
  const query = {
    from: from(),
    to: to(),
    bucket: bucket(),
    by: by(),
    zone: zone(),
    ...(texts.durations === undefined ? {} : { durations: durations() }),
    ...(only === undefined ? {} : { only }),
  };
  if (query.from >= query.to) {
    const range = `${query.from.toISOString()} is not before ${place("to")} (${query.to.toISOString()})`;
    throw invalidInput(place("from"), `${range}; give an earlier ${place("from")} or a later ${place("to")}`);
  }
  return query;
}
