import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import { hourOf, startOfHour } from "../../domain/hour.ts";
import { parseInstant } from "../../domain/instant.ts";
import type { RollupCheckReport, RollupDifference } from "../../domain/rollup-report.ts";
import { parseTimeRange } from "../../domain/time-range.ts";
import { count } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { createProgress } from "../progress.ts";
import { withServices } from "../with-services.ts";

const HELP = `
Recomputes every closed hour from its suggestions and prints one line for each difference from what
was counted: + is missing, - is too much. Safe while others write. Ends with 0 where
nothing was found, or with --repair was mended, with 1 otherwise. A worker does the same every night for
the last 35 days.

Examples:
  $ uptake rollup check
  $ uptake rollup check --from 2026-11-01 --to 2026-11-08 --repair`;

type CheckFlags = Given & { readonly from?: string; readonly to?: string; readonly repair?: true };

function differenceLine({ start, series, detail }: RollupDifference): string {
  return `${start.toISOString().slice(0, 16)}Z ${series.map((name) => name ?? "–").join(" · ")}: ${detail}`;
}

function checkLines(report: RollupCheckReport): string[] {
  const { checkedHourCount, differenceCount, repaired, interrupted } = report;
  const lines = [
    ...frozenLine(report),
    `${count(checkedHourCount, "hour")} checked: ${count(differenceCount, "difference")}`,
  ];
  if (repaired) lines.push("mended");
  else if (differenceCount > 0) lines.push("run it with --repair to mend them");
  if (interrupted) lines.push("interrupted; what was not checked is unknown");
  return lines;
}

/** Said first, since a check that leaves hours out would else look like one that found nothing in them. */
export function frozenLine({ frozenBefore }: Pick<RollupCheckReport, "frozenBefore">): string[] {
  if (frozenBefore === null) return [];
  const until = `${frozenBefore.toISOString().slice(0, 16)}Z`;
  return [
    `left out: hours before ${until}, whose suggestions were dropped by retention; what was counted of them stays`,
  ];
}

/** `uptake rollup check`: proves that what was counted is what happened. */
export function addRollupCheck(rollup: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const { output, interrupt, now } = context;
  const command = rollup
    .command("check")
    .description("compare the counted metrics with the suggestions")
    .addOption(new Flag("--from <time>", "suggestions made at this time or later (default: the first)"))
    .addOption(new Flag("--to <time>", "and before this time (default: the start of this hour)"))
    .addOption(new Flag("--repair", "mend what is found"))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: CheckFlags) => {
    const at = new Date(now());
    const closed = startOfHour(hourOf(at));
    const { from, to } = flags.from
      ? parseTimeRange({ from: flags.from, to: flags.to ?? closed.toISOString() }, at)
      : { from: undefined, to: flags.to ? parseInstant(flags.to, "--to", at) : closed };
    exitWith(
      await withServices(context, { flags }, async ({ rollup: services }) => {
        const progress = createProgress(output, "hours checked", now);
        const report = await services
          .check({
            from,
            to,
            repair: flags.repair === true,
            onDifference: (difference) => output.print(differenceLine(difference)),
            onProgress: progress.update,
            signal: interrupt.signal,
          })
          .finally(progress.finish);
        for (const line of checkLines(report)) output.print(line);
        if (report.interrupted) return 130;
        return report.differenceCount === 0 || report.repaired ? 0 : 1;
      }),
    );
  });
}
