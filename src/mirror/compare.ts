import type { MirrorFinding } from "../domain/mirror-report.ts";
import { differences } from "../langfuse/key-facts.ts";
import type { ReadBackRow } from "../langfuse/read-back-rows.ts";
import type { ExpectedDelivery } from "./expected-rows.ts";

/** Everything in which Langfuse's rows are not what is expected of one delivery; rows of other ids say nothing. */
export function compareDelivery(expected: ExpectedDelivery, rows: readonly ReadBackRow[]): MirrorFinding[] {
  const { kind, ref, traceId } = expected.line;
  const findings: MirrorFinding[] = [];
  for (const [langfuseId, facts] of expected.items) {
    const there = rows.filter((row) => row.id === langfuseId);
    const note = (problem: MirrorFinding["problem"], detail: string): void => {
      findings.push({ problem, kind, ref, traceId, langfuseId, detail });
    };
    if (there.length === 0) note("missing", "");
    if (there.length > 1) note("doubled", `${there.length} times`);
    const different = facts === null ? [] : there.flatMap((row) => differences(facts, row.facts));
    if (different.length > 0) note("different", [...new Set(different)].join("; "));
  }
  return findings;
}

export const isMissingAny = (findings: readonly MirrorFinding[]): boolean =>
  findings.some(({ problem }) => problem === "missing");
