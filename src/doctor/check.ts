import type { DoctorFinding } from "../domain/doctor-report.ts";
import { finding } from "./findings.ts";

/** One question, asked of what it needs. An empty answer: the question does not arise here. */
export type Check<Needs> = {
  readonly name: string;
  run(needs: Needs): Promise<readonly DoctorFinding[]> | readonly DoctorFinding[];
};

/**
 * Asks all questions at the same time; the answers come in the order of the table. One that takes longer than it may, or
 * fails, says so in its place and keeps nobody else from answering.
 */
export async function runChecks<Needs>(
  checks: readonly Check<Needs>[],
  needs: Needs,
  timeoutMs: number,
): Promise<readonly DoctorFinding[]> {
  return (await Promise.all(checks.map((check) => runOne(check, needs, timeoutMs)))).flat();
}

async function runOne<Needs>(check: Check<Needs>, needs: Needs, timeoutMs: number): Promise<readonly DoctorFinding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly DoctorFinding[]>((resolve) => {
    const found = `${check.name}: not finished within ${timeoutMs / 1000} s, so unknown`;
    timer = setTimeout(() => resolve([finding("check.unfinished", found)]), timeoutMs);
  });
  try {
    return await Promise.race([Promise.resolve().then(() => check.run(needs)), late]);
  } catch (error) {
    return [finding("check.unfinished", `${check.name}: failed, so unknown: ${messageOf(error)}`)];
  } finally {
    clearTimeout(timer);
  }
}

export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/gu, " ");
