import type { CliContext } from "./context.ts";
import type { LongWork } from "./mirror-services.ts";
import { createProgress } from "./progress.ts";

/** Runs what takes long: shows its progress under the label, and tells it when the person interrupts. */
export function runLongWork<Result>(
  { output, interrupt, now }: CliContext,
  label: string,
  work: (options: LongWork) => Promise<Result>,
): Promise<Result> {
  const progress = createProgress(output, label, now);
  return work({ onProgress: progress.update, signal: interrupt.signal }).finally(progress.finish);
}
