import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { InstrumentFacts, Instruments, ReadSamples, Sample } from "../domain/instruments.ts";

export type Exposition = { readonly contentType: string; readonly text: string };

export type Prometheus = {
  readonly instruments: Instruments;
  /** Everything observed so far in Prometheus' text format 0.0.4. */
  expose(): Promise<Exposition>;
};

/** Instruments over a Prometheus registry of their own; nothing global, so two in one process do not meet. */
export function createPrometheus(): Prometheus {
  const registry = new Registry();
  const about = ({ name, help, labelNames = [] }: InstrumentFacts) => ({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  });
  const instruments: Instruments = {
    counter(facts) {
      const counter = new Counter(about(facts));
      return { add: (amount, labels = {}) => counter.inc(labels, amount) };
    },
    histogram({ buckets, ...facts }) {
      const histogram = new Histogram({ ...about(facts), buckets: [...buckets] });
      return { observe: (value, labels = {}) => histogram.observe(labels, value) };
    },
    gauge(facts, read) {
      const gauge = new Gauge({
        ...about(facts),
        async collect() {
          const samples = await readOrNothing(read);
          // Without labels a reset would leave a zero where nothing is known.
          if (facts.labelNames === undefined) gauge.remove();
          else gauge.reset();
          for (const { labels = {}, value } of samples) gauge.set(labels, value);
        },
      });
    },
    kept(facts, read) {
      const counter = new Counter({
        ...about(facts),
        collect() {
          counter.reset();
          counter.inc(read());
        },
      });
    },
  };
  return {
    instruments,
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

/** One number that cannot be read must not hide the others. */
async function readOrNothing(read: ReadSamples): Promise<readonly Sample[]> {
  try {
    return await read();
  } catch {
    return [];
  }
}
