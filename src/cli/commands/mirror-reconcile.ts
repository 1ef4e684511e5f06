import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import { isObservationId } from "../../domain/ids.ts";
import type { MirrorFinding, ReconcileReport } from "../../domain/mirror-report.ts";
import { parseTimeRange } from "../../domain/time-range.ts";
import { count } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { runLongWork } from "../long-work.ts";
import { withServices } from "../with-services.ts";

const HELP = `
Asks Langfuse for every observation and score that the ledger has as delivered in the range, by
its id, and prints one line for each that is missing, doubled or different from what its row maps
to now. Ends with 0 where nothing was found, with 1 otherwise; with --repair it ends with 0 where all
that was found was missing and has been sent again. What each finding means is in docs/mirror.md.

Examples:
  $ uptake mirror reconcile --from 7d
  $ uptake mirror reconcile --from 2026-11-01 --to 2026-11-08 --repair`;

type ReconcileFlags = Given & { readonly from?: string; readonly to?: string; readonly repair?: true };

function findingLine({ problem, kind, ref, traceId, langfuseId, detail }: MirrorFinding): string {
  const what = isObservationId(langfuseId) ? "observation" : "score";
  const of = kind === "trace" ? "suggestion" : "feedback event";
  const more = detail === "" ? "" : `: ${detail}`;
  return `${problem}: ${what} ${langfuseId} of ${of} ${ref} in trace ${traceId}${more}`;
}

/** The result in plain words. */
export function reconcileLines(report: ReconcileReport, repair: boolean): string[] {
  const { missingCount, doubledCount, differentCount, goneCount } = report;
  const found = `${missingCount} missing, ${doubledCount} doubled, ${differentCount} different`;
  const lines = [`${count(report.checkedCount, "delivery", "deliveries")} checked: ${found}`];
  if (goneCount > 0) {
    lines.push(`${count(goneCount, "delivery", "deliveries")} cannot be sent again, as the row is deleted here`);
  }
  if (repair) lines.push(`${count(report.mendedCount, "delivery", "deliveries")} sent again`);
  if (report.unmendedCount > 0) {
    lines.push(`${report.unmendedCount} more wait in the outbox or died there; uptake mirror status says which`);
  }
  if (!repair && missingCount > 0) lines.push("run it with --repair to send again what is missing");
  if (report.interrupted) lines.push("interrupted; what was not checked is unknown");
  return lines;
}

/** 0 where Langfuse is what the ledger says, or has been made so by the repair. */
function codeOf(report: ReconcileReport, repair: boolean): ExitCode {
  if (report.interrupted) return 130;
  const isMended = report.missingCount === 0 || (repair && report.goneCount === 0 && report.unmendedCount === 0);
  return isMended && report.doubledCount === 0 && report.differentCount === 0 ? 0 : 1;
}

/** `uptake mirror reconcile`: proves from outside that Langfuse has what the ledger says. */
export function addMirrorReconcile(mirror: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const { output, now } = context;
  const command = mirror
    .command("reconcile")
    .description("compare what was delivered with what Langfuse has")
    .addOption(new Flag("--from <time>", "delivered at this time or later (default: 24 hours before --to)"))
    .addOption(new Flag("--to <time>", "delivered before this time (default: now)"))
    .addOption(new Flag("--repair", "send again what is missing, and wait for it"))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: ReconcileFlags) => {
    const range = parseTimeRange(flags, new Date(now()));
    const repair = flags.repair === true;
    exitWith(
      await withServices(context, { flags }, async ({ mirror: services }) => {
        const onFinding = (finding: MirrorFinding): void => output.print(findingLine(finding));
        const report = await runLongWork(context, "checked", (options) =>
          services.reconcile({ ...options, range, repair, onFinding }),
        );
        for (const line of reconcileLines(report, repair)) output.print(line);
        return codeOf(report, repair);
      }),
    );
  });
}
