import type { DoctorFinding, DoctorReport, FindingLevel } from "../domain/doctor-report.ts";
import { count } from "./amounts.ts";

const MARKS: Readonly<Record<FindingLevel, string>> = { ok: "ok  ", warn: "warn", fail: "FAIL" };

function lines({ level, code, found, remedy }: DoctorFinding): readonly string[] {
  const first = `${MARKS[level]}  ${found}${level === "ok" ? "" : `  [${code}]`}`;
  return remedy === null ? [first] : [first, `      → ${remedy}`];
}

/** One line a finding, its remedy under it. */
export function doctorLines({ findings, tookMs }: DoctorReport): readonly string[] {
  const amount = (level: FindingLevel): number => findings.filter((finding) => finding.level === level).length;
  const summary = `${amount("ok")} ok, ${count(amount("warn"), "warning")}, ${count(amount("fail"), "failure")}, in ${(tookMs / 1000).toFixed(1)} s`;
  return [...findings.flatMap(lines), "", summary];
}
