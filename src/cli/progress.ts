import { durationText } from "./amounts.ts";
import type { Output } from "./output.ts";

/** Progress of one long piece of work; `finish` removes the status line and is safe to call twice. */
export type Progress = {
  readonly update: (done: number, total: number | null) => void;
  readonly finish: () => void;
};

const TERMINAL_EVERY_MS = 100;
const PLAIN_EVERY_MS = 5000;
const BAR_COLUMNS = 20;

const rateText = (perSecond: number): string => (perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond)));

function bar(share: number): string {
  const full = Math.round(share * BAR_COLUMNS);
  return `[${"#".repeat(full)}${"-".repeat(BAR_COLUMNS - full)}]`;
}

/** How far the work is; `timedCount` of `done` came within the `elapsedMs` that the rate is taken from. */
type ProgressState = {
  readonly done: number;
  readonly total: number | null;
  readonly timedCount: number;
  readonly elapsedMs: number;
};

/** One line of progress. Rate and time left are of the whole run so far, and left out before there is a rate. */
export function progressLine(label: string, { done, total, timedCount, elapsedMs }: ProgressState): string {
  const perSecond = timedCount > 0 && elapsedMs > 0 ? (timedCount * 1000) / elapsedMs : undefined;
  const rate = perSecond === undefined ? "" : `, ${rateText(perSecond)}/s`;
  if (total === null) return `${label} ${done}${rate}`;
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const left = perSecond === undefined || done >= total ? "" : `, ${durationText((total - done) / perSecond)} left`;
  return `${label} ${done}/${total} ${Math.floor(share * 100)}%${rate}${left}`;
}

/**
 * Shows progress as one rewritten line on a terminal, and elsewhere as a plain line every few seconds. The clock of
 * rate and time left starts with the first result: opening a database before it says nothing about what follows.
 */
export function createProgress(output: Output, label: string, now: () => number): Progress {
  const everyMs = output.isTerminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS;
  let first: { readonly at: number; readonly done: number } | undefined;
  let shownAt = output.isTerminal ? Number.NEGATIVE_INFINITY : now();
  return {
    update(done, total) {
      const at = now();
      first ??= { at, done };
      const complete = output.isTerminal && total !== null && done >= total;
      if (at - shownAt < everyMs && !complete) return;
      shownAt = at;
      const line = progressLine(label, { done, total, timedCount: done - first.done, elapsedMs: at - first.at });
      if (!output.isTerminal) {
        output.note(line);
        return;
      }
      const drawn = total === null || total === 0 ? "" : ` ${bar(Math.min(1, done / total))}`;
      output.status(line.length + drawn.length <= output.columns() ? line + drawn : line);
    },
    finish: () => output.status(""),
  };
}
