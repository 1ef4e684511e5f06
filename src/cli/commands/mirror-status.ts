import { setTimeout as sleep } from "node:timers/promises";
import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import type { MirrorOverview, TracesByRule } from "../../domain/mirror-report.ts";
import { count, durationText } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { delayText } from "../verify-lines.ts";
import { unlessInterrupted, withServices } from "../with-services.ts";

const WATCH_EVERY_MS = 2000;

const HELP = `
What waits is delivered by uptake worker, or by an application that runs its own. Dead letters
are messages that Langfuse refused for good; uptake mirror retry sends them again.

Examples:
  $ uptake mirror status
  $ uptake mirror status --watch`;

type StatusFlags = Given & { readonly watch?: true; readonly json?: true };

const ageText = (seconds: number | null): string =>
  seconds === null ? "" : `, the oldest for ${durationText(seconds)}`;

const byRule = (rules: readonly TracesByRule[]): string =>
  rules.map(({ rule, traceCount }) => `${traceCount} ${rule}`).join(", ");

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, amount) => sum + amount, 0);

/** What sampling has done; nothing where it never did anything. */
function samplingLines({ heldCount, sampling }: MirrorOverview): string[] {
  const { kept, leftOut, unitsToday, dailyUnitLimit } = sampling;
  const lines: string[] = [];
  if (heldCount > 0)
    lines.push(`held       ${count(heldCount, "message")}, until feedback, the window or the next day`);
  if (kept.length > 0)
    lines.push(`kept       ${count(sumOf(kept.map((k) => k.traceCount)), "trace")}: ${byRule(kept)}`);
  if (leftOut.length > 0) {
    const feedbackCount = sumOf(leftOut.map((rule) => rule.feedbackCount));
    lines.push(
      `left out   ${count(sumOf(leftOut.map((rule) => rule.traceCount)), "trace")} with ` +
        `${count(feedbackCount, "feedback event")}: ${byRule(leftOut)}`,
    );
  }
  if (unitsToday !== null || dailyUnitLimit !== null) {
    const limit = dailyUnitLimit === null ? "" : ` of ${dailyUnitLimit} for each project`;
    lines.push(`units      ${unitsToday ?? 0} today (UTC)${limit}`);
  }
  return lines;
}

/** The whole state in plain words. */
export function mirrorStatusLines(status: MirrorOverview): string[] {
  const { deadCount, dead } = status;
  const lines = [
    `Langfuse   ${status.target ?? "no keys are set, so nothing is mirrored and the outbox waits"}`,
    `waiting    ${count(status.waitingCount, "message")}${ageText(status.oldestWaitingSeconds)}`,
    `delivered  ${count(status.deliveredTraceCount, "trace")}, ${count(status.deliveredFeedbackCount, "feedback event")}; ` +
      `${count(status.deliveredLastMinuteCount, "message")} in the last minute`,
    `dead       ${count(deadCount, "message")}`,
    ...samplingLines(status),
  ];
  for (const { kind, reason, count: amount, newestRef, newestAt } of dead) {
    const oneLine = reason.replaceAll(/\s+/gu, " ");
    lines.push(`  ${amount} × ${kind}: ${oneLine} (newest ${newestRef}, ${newestAt.toISOString()})`);
  }
  const unnamed = deadCount - dead.reduce((sum, letters) => sum + letters.count, 0);
  if (unnamed > 0) lines.push(`  ${unnamed} for other reasons`);
  return [...lines, ...workerLines(status.workers), verificationLine(status.lastVerification)];
}

function workerLines(workers: MirrorOverview["workers"]): string[] {
  const runningCount = workers.filter(({ state }) => state === "running").length;
  const lines = [`workers    ${workers.length === 0 ? "none was seen within a day" : `${runningCount} running`}`];
  for (const { kind, host, pid, version, state, seenAt, lastAct, lastActAt } of workers) {
    const seen = state === "running" ? "" : `, ${state}, last seen ${seenAt.toISOString()}`;
    const act = lastAct === null || lastActAt === null ? "" : `, ${lastAct} ${lastActAt.toISOString()}`;
    lines.push(`  ${kind} on ${host}, process ${pid}, version ${version}${seen}${act}`);
  }
  return lines;
}

function verificationLine(last: MirrorOverview["lastVerification"]): string {
  if (last === null) return "verified   never; uptake verify sends samples and sees them arrive";
  const { baseUrl, verifiedAt, ok, seenAfterMs, problem } = last;
  const after = seenAfterMs === null ? "" : `, all seen within ${delayText(seenAfterMs)}`;
  const result = ok ? `passed${after}` : `failed: ${(problem ?? "unknown").replaceAll(/\s+/gu, " ")}`;
  return `verified   ${verifiedAt.toISOString()} against ${baseUrl}: ${result}`;
}

/** The state as one line of a watch. */
function watchLine(status: MirrorOverview, now: number): string {
  const waiting = `${status.waitingCount} waiting${ageText(status.oldestWaitingSeconds)}`;
  return `${new Date(now).toISOString()}  ${waiting}; ${status.deliveredLastMinuteCount}/min; ${status.deadCount} dead`;
}

/** `uptake mirror status`: what waits, how fast it goes, and what died of what. */
export function addMirrorStatus(mirror: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const { output, interrupt, now } = context;
  const command = mirror
    .command("status")
    .description("print what waits for Langfuse, how fast it goes, and what died of what")
    .addOption(new Flag("--watch", "go on with one line every two seconds, until stopped"))
    .addOption(new Flag("--json", "print JSON, with --watch one object a line"))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: StatusFlags) => {
    exitWith(
      await withServices(context, { flags }, async ({ mirror: services }) => {
        const first = await unlessInterrupted(services.status(), interrupt.signal);
        if (first === undefined) return 130;
        const indent = flags.watch ? undefined : 2;
        output.print(flags.json ? JSON.stringify(first, undefined, indent) : mirrorStatusLines(first).join("\n"));
        while (flags.watch && !interrupt.signal.aborted) {
          await sleep(WATCH_EVERY_MS, undefined, interrupt).catch(() => {});
          const status = interrupt.signal.aborted
            ? undefined
            : await unlessInterrupted(services.status(), interrupt.signal);
          if (status !== undefined) output.print(flags.json ? JSON.stringify(status) : watchLine(status, now()));
        }
        return 0;
      }),
    );
  });
}
