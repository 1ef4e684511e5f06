import { expect } from "vitest";
import { createPrometheus } from "../../src/http/prometheus.ts";
import type { Instruments } from "../../src/domain/instruments.ts";

export type ExposedSample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

export type Exposed = {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly ExposedSample[];
  /** The value of the one series with exactly these labels; undefined where there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
};

const HELP = /^# HELP ([a-z_]+) (\S.*)$/u;
const TYPE = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/u;
const SAMPLE = /^([a-z_]+)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/u;
const LABEL = /^([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/u;

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== "";) {
    const [whole, name, value] = LABEL.exec(rest) ?? [];
    if (whole === undefined || name === undefined || value === undefined) throw new Error(`no label: ${rest}`);
    if (name in labels) throw new Error(`label ${name} twice: ${text}`);
    labels[name] = value.replaceAll(/\\(.)/gu, (_, sign: string) => (sign === "n" ? "\n" : sign));
    rest = rest.slice(whole.length);
  }
  return labels;
}

const keyOf = ({ name, labels }: Omit<ExposedSample, "value">): string =>
  `${name} ${JSON.stringify(labels, Object.keys(labels).sort())}`;

/**
 * Reads Prometheus' text format 0.0.4, and fails on anything that is not as the format and its naming rules want it: HELP and
 * TYPE once and before their samples, no series twice, `_total` on counters only, whole and cumulative histograms.
 */
export function readExposition(text: string): Exposed {
  const types = new Map<string, string>();
  const samples: ExposedSample[] = [];
  let helped = "";
  let current = "";
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, helpName] = HELP.exec(line) ?? [];
    const [, typeName, type] = TYPE.exec(line) ?? [];
    if (helpName !== undefined) helped = helpName;
    else if (typeName !== undefined && type !== undefined) {
      if (helped !== typeName || types.has(typeName)) throw new Error(`TYPE out of place: ${line}`);
      types.set(typeName, type);
      current = typeName;
    } else samples.push(sampleOf(line, current, types.get(current)));
  }
  const values = new Map(samples.map((sample) => [keyOf(sample), sample.value]));
  expect(values.size).toBe(samples.length);
  for (const [name, type] of types) {
    expect(`${name} ${name.endsWith("_total")}`).toBe(`${name} ${type === "counter"}`);
    if (type === "histogram") expectWholeHistogram(name, samples);
  }
  return { types, samples, value: (name, labels = {}) => values.get(keyOf({ name, labels })) };
}

function sampleOf(line: string, current: string, type: string | undefined): ExposedSample {
  const infinite = line.replace(/le="\+Inf"/u, 'le="Infinity"');
  const [, name, labels = "", value] = SAMPLE.exec(infinite) ?? [];
  const allowed = type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => current + end) : [current];
  if (name === undefined || !allowed.includes(name)) throw new Error(`no sample of ${current}: ${line}`);
  return { name, labels: labelsOf(labels), value: Number(value) };
}

function expectWholeHistogram(name: string, samples: readonly ExposedSample[]): void {
  for (const { labels, value: count } of samples.filter((sample) => sample.name === `${name}_count`)) {
    const buckets = samples.filter(
      (sample) =>
        sample.name === `${name}_bucket` &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
    const bounds = buckets.map((bucket) => Number(bucket.labels["le"]));
    const counts = buckets.map((bucket) => bucket.value);
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect([bounds.at(-1), counts.at(-1)]).toEqual([Infinity, count]);
  }
}

export type Watched = { readonly instruments: Instruments; readonly read: () => Promise<Exposed> };

/** Instruments, and what Prometheus would read of them. */
export function watch(): Watched {
  const prometheus = createPrometheus();
  return {
    instruments: prometheus.instruments,
    read: async () => readExposition((await prometheus.expose()).text),
  };
}
