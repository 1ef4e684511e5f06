import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import { parseTimeRange } from "../../domain/time-range.ts";
import { count } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { createProgress } from "../progress.ts";
import { withServices } from "../with-services.ts";
import { frozenLine } from "./rollup-check.ts";

const HELP = `
Counts the suggestions of a range anew, a week at a time, and puts right what was counted; safe while
others write, and to run again. Ended early, it goes on where it was when it is asked for the same
--from and --to, so give them as dates.

Example:
  $ uptake rollup backfill --from 2026-01-01 --to 2026-12-01`;

type BackfillFlags = Given & { readonly from: string; readonly to?: string };

/** `uptake rollup backfill`: rebuilds the metrics of a range. */
export function addRollupBackfill(rollup: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const { output, interrupt, now } = context;
  const command = rollup
    .command("backfill")
    .description("count the suggestions of a range anew")
    .addOption(new Flag("--from <time>", "suggestions made at this time or later").makeOptionMandatory())
    .addOption(new Flag("--to <time>", "and before this time (default: now)"))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: BackfillFlags) => {
    const { from, to } = parseTimeRange(flags, new Date(now()));
    exitWith(
      await withServices(context, { flags }, async ({ rollup: services }) => {
        const progress = createProgress(output, "hours counted", now);
        const report = await services
          .backfill({ from, to, onProgress: progress.update, signal: interrupt.signal })
          .finally(progress.finish);
        const { hourCount, resumedAt, interrupted } = report;
        for (const line of frozenLine(report)) output.print(line);
        const since = resumedAt === null ? "" : `, from ${resumedAt.toISOString()} on, where the last one ended`;
        output.print(`${count(hourCount, "hour")} counted anew${since}`);
        if (interrupted) output.print("interrupted; the same command goes on from there");
        return interrupted ? 130 : 0;
      }),
    );
  });
}
