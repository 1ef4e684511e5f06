import type { Output } from "./output.ts";

/** Progress of one long piece of work; `finish` removes the status line and is safe to call twice. */
export type Progress = {
  readonly update: (done: number, total: number | null) => void;
  readonly finish: () => void;
};

const TERMINAL_EVERY_MS = 100;
const PLAIN_EVERY_MS = 5000;
const BAR_COLUMNS = 20;

/** A duration in the largest two units that say something: `8s`, `4m 10s`, `2h 5m`. */
export function durationText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}m ${whole % 60}s` : `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}

const rateText = (perSecond: number): string => (perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond)));

function bar(share: number): string {
  const full = Math.round(share * BAR_COLUMNS);
  return `[${"#".repeat(full)}${"-".repeat(BAR_COLUMNS - full)}]`;
}

/** One line of progress. Rate and time left are of the whole run so far, and unknown before its first result. */
export function progressLine(label: string, state: { done: number; total: number | null; elapsedMs: number }): string {
  const { done, total, elapsedMs } = state;
  const perSecond = done > 0 && elapsedMs > 0 ? (done * 1000) / elapsedMs : undefined;
  const rate = perSecond === undefined ? "" : `, ${rateText(perSecond)}/s`;
  if (total === null) return `${label} ${done}${rate}`;
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const left = perSecond === undefined || done >= total ? "" : `, ${durationText((total - done) / perSecond)} left`;
  return `${label} ${done}/${total} ${Math.floor(share * 100)}%${rate}${left}`;
}

/** Shows progress as one rewritten line on a terminal, and elsewhere as a plain line every few seconds. */
export function createProgress(output: Output, label: string, now: () => number): Progress {
  const startedAt = now();
  let shownAt = startedAt - (output.isTerminal ? TERMINAL_EVERY_MS : 0);
  return {
    update(done, total) {
      const at = now();
      const complete = total !== null && done >= total;
      if (at - shownAt < (output.isTerminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS) && !(complete && output.isTerminal)) {
        return;
      }
      shownAt = at;
      const line = progressLine(label, { done, total, elapsedMs: at - startedAt });
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
