import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import type { BackfillReport } from "../../domain/mirror-report.ts";
import { parseTimeRange } from "../../domain/time-range.ts";
import { count } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { runLongWork } from "../long-work.ts";
import { withServices } from "../with-services.ts";

const HELP = `
For suggestions that are older than the tracking, or that your application inserted itself: puts those
that were never mirrored, and their feedback, into the outbox, where uptake worker takes them up. What
was delivered, waits or is dead stays as it is, so it may be stopped and run again at any time.

For each the worker asks Langfuse first and sends only what it does not have, which takes a request a
trace. With --force nothing is asked: quick, for what Langfuse certainly does not have.

Examples:
  $ uptake mirror backfill --from 2026-01-01 --dry-run
  $ uptake mirror backfill --from 2026-01-01 --to 2026-11-01`;

type BackfillFlags = Given & {
  readonly from: string;
  readonly to?: string;
  readonly dryRun?: true;
  readonly force?: true;
};

/** The result in plain words. */
export function backfillLines(report: BackfillReport, dryRun: boolean): string[] {
  const { traceCount, feedbackCount, pendingCount, leftOutCount, orphanCount } = report;
  const isNothing = traceCount + feedbackCount === 0;
  const next = dryRun || isNothing ? "" : "; uptake worker delivers them";
  const lines = [
    `${count(traceCount, "suggestion")} and ${count(feedbackCount, "feedback event")} ` +
      `${dryRun ? "would be put" : "put"} into the outbox${next}`,
  ];
  if (pendingCount > 0)
    lines.push(`${count(pendingCount, "suggestion")} left out, as no run has ended there (pending)`);
  if (leftOutCount > 0) lines.push(`${count(leftOutCount, "suggestion")} stay left out of the mirror by sampling`);
  if (orphanCount > 0) lines.push(`${count(orphanCount, "feedback event")} left out, as there is no suggestion`);
  if (report.interrupted) lines.push("interrupted; run it again to go on where it stopped");
  return lines;
}

/** `uptake mirror backfill`: mirrors what was there before the mirror. */
export function addMirrorBackfill(mirror: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const { output, now } = context;
  const command = mirror
    .command("backfill")
    .description("put suggestions that were never mirrored into the outbox")
    .addOption(new Flag("--from <time>", "suggestions made at this time or later").makeOptionMandatory())
    .addOption(new Flag("--to <time>", "suggestions made before this time (default: now)"))
    .addOption(new Flag("--dry-run", "only count them"))
    .addOption(new Flag("--force", "send without asking Langfuse first; what it has is doubled there"))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: BackfillFlags) => {
    const range = parseTimeRange(flags, new Date(now()));
    const dryRun = flags.dryRun === true;
    exitWith(
      await withServices(context, { flags }, async ({ mirror: services }) => {
        const report = await runLongWork(context, dryRun ? "counted" : "looked at", (options) =>
          services.backfill({ ...options, range, dryRun, force: flags.force === true }),
        );
        for (const line of backfillLines(report, dryRun)) output.print(line);
        return report.interrupted ? 130 : 0;
      }),
    );
  });
}
