import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import type { RetentionKept, RetentionReport } from "../../domain/retention.ts";
import { count } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { withServices } from "../with-services.ts";

const HELP = `
Removes what is older than it may become: the texts of suggestions and feedback events (--retain-content),
the observations of runs (--retain-traces), whole rows (--retain-rows). What was counted stays, and what has
yet to reach Langfuse is left. A worker does the same every night, from where it was; this looks at everything.

Examples:
  $ uptake retain --retain-content 90d --retain-traces 30d --dry-run
  $ uptake retain --retain-rows 400d`;

function keptLine(kept: RetentionKept): string {
  if (kept.why === "waiting") {
    return `kept ${kept.kind}: ${count(kept.suggestionCount, "row")} with messages that have yet to reach Langfuse (uptake mirror status)`;
  }
  if (kept.why === "unwritten") {
    return `kept rows: not all is written to aggregated_metrics yet (${count(kept.hourCount, "hour")}; a worker does)`;
  }
  return kept.why === "partitioned"
    ? "kept rows: these tables are partitioned by month (--retain-months, uptake partitions)"
    : "kept rows: in an adopted database they are the application's own";
}

function reportLines(report: RetentionReport, isDry: boolean): string[] {
  const would = isDry ? " would be" : "";
  const emptied = `${count(report.emptiedSuggestionCount, "suggestion")} and ${count(report.emptiedFeedbackCount, "feedback event")}`;
  const deleted = `${count(report.deletedTraceCount, "trace")} and ${count(report.deletedSuggestionCount, "suggestion")}`;
  return [`${emptied}${would} emptied; ${deleted}${would} deleted`, ...report.kept.map(keptLine)];
}

/** `uptake retain`: removes what has become too old. */
export function addRetain(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = program
    .command("retain")
    .description("remove texts, traces and rows that are too old; metrics stay")
    .addOption(new Flag("--dry-run", "say what would be removed"))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: Given & { readonly dryRun?: true }) => {
    exitWith(
      await withServices(context, { flags }, async (services, { retention }) => {
        if (Object.values(retention).every((age) => age === null)) {
          context.output.print("nothing to do: no age is set (--retain-content, --retain-traces, --retain-rows)");
          return 0;
        }
        const { signal } = context.interrupt;
        const report = await services.retain({ dryRun: flags.dryRun === true, signal });
        for (const line of reportLines(report, flags.dryRun === true)) context.output.print(line);
        if (report.interrupted) return 130;
        return report.kept.length === 0 ? 0 : 1;
      }),
    );
  });
}
