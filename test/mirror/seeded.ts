/** Small and seeded, so that a failing run can be repeated: mulberry32 (Tommy Ettinger, public domain). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seed that is printed, and set by UPTAKE_TEST_SEED to repeat a run. */
export function printedSeed(): number {
  const seed = Number(process.env["UPTAKE_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`UPTAKE_TEST_SEED=${seed}`);
  return seed;
}
