import type { Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import { monthOf, type KeptFor, type PartitionReport } from "../../domain/partition-report.ts";
import { count } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { withServices } from "../with-services.ts";

const HELP = `
For a database made with uptake migrate --partition month: makes the partitions of the next three months
and, with --retain-months, drops the suggestions and traces of months that are older, with all that
still needs them left in place and named. What was counted stays. A worker does the same every hour.

Example:
  $ uptake partitions --retain-months 13`;

const REASONS: Readonly<Record<KeptFor, (amount: number) => string>> = {
  waiting: (amount) => `${count(amount, "message")} of it have yet to reach Langfuse (uptake mirror status)`,
  newer: (amount) => `${count(amount, "suggestion")} with an id of it were made after it`,
  unwritten: (amount) => `${count(amount, "hour")} of it have yet to be written to aggregated_metrics (a worker does)`,
  blocked: () => "others hold locks on it; run it again",
};

const nameOf = (month: string): string => month.slice(0, 7);

function reportLines(report: PartitionReport, at: Date): string[] {
  const { made, unmade, dropped, kept, otherCount } = report;
  const lines = made.map((table) => `made ${table}`);
  for (const { table, why } of unmade) {
    const reason =
      why === "blocked" ? "others hold locks; run it again" : "too many rows of it are in the default partition";
    lines.push(`not made ${table}: ${reason}`);
  }
  for (const { month, suggestionCount } of dropped) {
    lines.push(`dropped ${nameOf(month)}: ${count(suggestionCount, "suggestion")}`);
  }
  if (otherCount > 0) lines.push(`deleted ${count(otherCount, "suggestion")} outside of the months`);
  for (const { month, why, amount } of kept) lines.push(`kept ${nameOf(month)}: ${REASONS[why](amount ?? 0)}`);
  return lines.length > 0 ? lines : [`nothing to do in ${nameOf(monthOf(at))}`];
}

/** `uptake partitions`: makes the coming months and drops the old ones. */
export function addPartitions(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = program
    .command("partitions")
    .description("make the partitions of coming months, drop those of old ones")
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: Given) => {
    exitWith(
      await withServices(context, { flags }, async (services) => {
        const { signal } = context.interrupt;
        const report = await services.keepPartitions(signal);
        if (report === null) {
          context.output.print(
            "the tables have no partitions: uptake migrate --partition month makes some, in a fresh database",
          );
          return 1;
        }
        for (const line of reportLines(report, new Date(context.now()))) context.output.print(line);
        if (signal.aborted) return 130;
        return report.kept.length + report.unmade.length === 0 ? 0 : 1;
      }),
    );
  });
}
