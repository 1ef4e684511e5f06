import type { VerifiedItem, VerifiedMessage, VerifyCleanUp, VerifyReport } from "../domain/verify-report.ts";
import { count } from "./amounts.ts";

/** A delay, to the tenth of a second. */
export const delayText = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

/** `3/4`: how many of these were seen; nothing where there are none. */
function seenText(items: readonly VerifiedItem[], kind: VerifiedItem["kind"]): string {
  const own = items.filter((item) => item.kind === kind);
  return own.length === 0 ? "" : `${own.filter(({ seenAfterMs }) => seenAfterMs !== null).length}/${own.length}`;
}

/** Until all of it was seen. */
function seenAfterText(items: readonly VerifiedItem[]): string {
  const delays = items.flatMap(({ seenAfterMs }) => (seenAfterMs === null ? [] : [seenAfterMs]));
  return delays.length < items.length ? "–" : delayText(Math.max(...delays));
}

const HEADER = ["", "observations", "scores", "seen after", "in Langfuse"];

/** One line for each message: what of it was seen, when, and where it is. */
function tableLines(messages: readonly VerifiedMessage[]): string[] {
  const rows = messages.map(({ name, items, url, traceId }) => [
    name,
    seenText(items, "observation"),
    seenText(items, "score"),
    seenAfterText(items),
    url ?? traceId,
  ]);
  const cells = [HEADER, ...rows];
  const widths = HEADER.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => {
        if (column === HEADER.length - 1) return cell;
        return column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
      })
      .join("  "),
  );
}

function cleanUpLine(cleanUp: VerifyCleanUp): string {
  if (cleanUp.kind === "nothing sent") return "nothing was sent";
  const traces = count(cleanUp.traceCount, "trace");
  if (cleanUp.kind === "failed") {
    return `${traces} of the session uptake-verify may still be there, as deleting failed: ${cleanUp.reason}`;
  }
  return cleanUp.kind === "kept"
    ? `${traces} kept, in the session uptake-verify`
    : `Langfuse was asked to delete ${traces} with ${cleanUp.traceCount === 1 ? "its" : "their"} scores, which takes it a while`;
}

/** The result in plain words. */
export function verifyLines(report: VerifyReport): string[] {
  const { place, baseUrl, messages, problems } = report;
  const lines: string[] = [];
  if (place !== null) {
    const { version, project, dialect } = place;
    lines.push(`Langfuse ${version} at ${baseUrl}, project ${project}, read as ${dialect}`, "");
    lines.push(...tableLines(messages), "");
  }
  for (const problem of problems) lines.push(`problem: ${problem}`);
  lines.push(cleanUpLine(report.cleanUp));
  if (report.interrupted) lines.push("interrupted; what was not seen is unknown");
  else
    lines.push(
      report.ok ? "all well: everything was taken and seen" : `not well: ${count(problems.length, "problem")}`,
    );
  return lines;
}
