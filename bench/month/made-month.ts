/**
 * A month of suggestions and what people did with them, the same for the same seed: uneven by the hour and the day of the
 * week, with feedback that comes within minutes, within hours, or up to ten days late.
 */
export const MONTH_FROM_MS = Date.parse("2026-03-02T00:00:00.000Z");
export const MONTH_DAYS = 30;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export type MadeAct = {
  readonly id: string;
  readonly suggestionId: string;
  readonly type: "approval" | "revision" | "rejection";
  readonly atMs: number;
};

export type MadeSuggestion = {
  readonly id: string;
  readonly functionName: string;
  readonly atMs: number;
  readonly isError: boolean;
  readonly latencyMs: number;
  readonly confidence: number | null;
  readonly costUsd: number | null;
  /** In the order in which they happen. */
  readonly acts: readonly MadeAct[];
};

/** From 0 up to 1: mulberry32 (Tommy Ettinger, public domain). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How much of a week's traffic each hour has: nights are quiet, weekends more so, Mondays busy. */
function weightOf(hour: number): number {
  const [weekday, hourOfDay] = [Math.floor(hour / 24) % 7, hour % 24];
  const ofDay = 0.1 + Math.max(0, Math.sin(((hourOfDay - 6) / 14) * Math.PI));
  return ofDay * ([1.6, 1.1, 1, 1, 0.9, 0.25, 0.2][weekday] ?? 1);
}

const FUNCTIONS = ["generate-message-suggestion", "generate-response", "classify-ticket"] as const;

const hex = (value: number, chars: number): string => Math.floor(value).toString(16).padStart(chars, "0");

/** A UUID of version 7 for the time. */
function idAt(atMs: number, next: () => number): string {
  const random = hex(next() * 2 ** 32, 8) + hex(next() * 2 ** 32, 8);
  const time = hex(atMs, 12);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(6)}${hex(next() * 256, 2)}`;
}

function latenessMs(next: () => number): number {
  const kind = next();
  if (kind < 0.6) return 10_000 + next() * 20 * 60_000;
  if (kind < 0.9) return HOUR_MS * (0.3 + next() * 8);
  return DAY_MS * (0.5 + next() * 9.5);
}

function actsOn(suggestionId: string, atMs: number, next: () => number): MadeAct[] {
  if (next() > 0.4) return [];
  const acts: MadeAct[] = [];
  let actMs = atMs;
  // Who changes their mind says two things.
  for (let left = next() < 0.05 ? 2 : 1; left > 0; left -= 1) {
    actMs += latenessMs(next);
    const kind = next();
    const type = kind < 0.6 ? "approval" : kind < 0.8 ? "revision" : "rejection";
    acts.push({ id: idAt(actMs, next), suggestionId, type, atMs: Math.floor(actMs) });
  }
  return acts;
}

/** Hour by hour, so that a month of a million never lies in memory whole. */
export function* makeMonth(count: number, seed: number): Generator<readonly MadeSuggestion[], undefined> {
  const next = seeded(seed);
  const hours = MONTH_DAYS * 24;
  const weights = Array.from({ length: hours }, (_, hour) => weightOf(hour));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let [made, weightSoFar] = [0, 0];
  for (let hour = 0; hour < hours; hour += 1) {
    weightSoFar += weights[hour] ?? 0;
    const upTo = Math.round((count * weightSoFar) / total);
    const times = Array.from({ length: upTo - made }, () => MONTH_FROM_MS + (hour + next()) * HOUR_MS).sort(
      (a, b) => a - b,
    );
    made = upTo;
    yield times.map((time): MadeSuggestion => {
      const atMs = Math.floor(time);
      const id = idAt(atMs, next);
      return {
        id,
        functionName: FUNCTIONS[Math.floor(next() ** 2 * FUNCTIONS.length)] ?? FUNCTIONS[0],
        atMs,
        isError: next() < 0.02,
        latencyMs: Math.round(200 + 800 * -Math.log(1 - next())),
        confidence: next() < 0.1 ? null : Math.round(1000 * (1 - next() ** 3)) / 1000,
        costUsd: next() < 0.05 ? null : Math.round(10_000 * next() ** 4) / 100_000,
        acts: actsOn(id, atMs, next),
      };
    });
  }
}
