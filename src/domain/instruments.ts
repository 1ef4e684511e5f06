/** One combination of labels; an instrument takes the same names every time. */
export type Labels = Readonly<Record<string, string>>;

export type InstrumentFacts = {
  /** With its unit, in base units (`_seconds`, `_bytes`); `_total` at the end of what only grows. */
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
};

export type Counter = { add(amount: number, labels?: Labels): void };
export type Histogram = { observe(value: number, labels?: Labels): void };

export type Sample = { readonly value: number; readonly labels?: Labels };
/** Read when somebody looks. An empty list, or a failure: not known, so nothing is shown. */
export type ReadSamples = () => readonly Sample[] | Promise<readonly Sample[]>;

/**
 * What can be observed from outside is told to these. The parts are handed them and know no library; `kept` and `gauge`
 * read numbers that a part holds anyway, so that telling them costs nothing where it happens. None of them may throw.
 */
export type Instruments = {
  counter(facts: InstrumentFacts): Counter;
  /** `buckets` are upper bounds, in order. */
  histogram(facts: InstrumentFacts & { readonly buckets: readonly number[] }): Histogram;
  /** A number that goes up and down. */
  gauge(facts: InstrumentFacts, read: ReadSamples): void;
  /** A number that only grows and that somebody else keeps. */
  kept(facts: InstrumentFacts, read: () => number): void;
};

/** Nobody looks. */
export const noInstruments: Instruments = {
  counter: () => ({ add() {} }),
  histogram: () => ({ observe() {} }),
  gauge() {},
  kept() {},
};
