import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import type { ReexportReport } from "../../domain/mirror-report.ts";
import { parseTimeRange } from "../../domain/time-range.ts";
import { count } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { runLongWork } from "../long-work.ts";
import { withServices } from "../with-services.ts";

const HELP = `
For a Langfuse that was lost, emptied or replaced. Puts every message that was delivered in the range
back into the outbox; for each the worker asks Langfuse first and sends only what it does not have.
With --force nothing is asked and everything is sent: Langfuse 4 does not merge, so what it still has
it then has twice, in its costs and counts too.

Examples:
  $ uptake mirror reexport --from 2026-11-01 --to 2026-11-08
  $ uptake mirror reexport --from 30d --force`;

const WARNING =
  "uptake: warning: --force sends everything again without asking; traces that Langfuse still has will be there twice, " +
  "in its costs and counts too";

type ReexportFlags = Given & { readonly from: string; readonly to?: string; readonly force?: true };

/** The result in plain words. */
export function reexportLines({ requeuedCount, alreadyThereCount, interrupted }: ReexportReport): string[] {
  const next = requeuedCount === 0 ? "" : "; uptake worker delivers them";
  const lines = [`${count(requeuedCount, "message")} put back into the outbox${next}`];
  if (alreadyThereCount > 0) lines.push(`${count(alreadyThereCount, "message")} left as they were in it already`);
  if (interrupted) lines.push("interrupted; run it again to put back the rest");
  return lines;
}

/** `uptake mirror reexport`: rebuilds a range in Langfuse. */
export function addMirrorReexport(mirror: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const { output, now } = context;
  const command = mirror
    .command("reexport")
    .description("put what was delivered in a range back into the outbox")
    .addOption(new Flag("--from <time>", "delivered at this time or later").makeOptionMandatory())
    .addOption(new Flag("--to <time>", "delivered before this time (default: now)"))
    .addOption(new Flag("--force", "send also what Langfuse has, which doubles it there"))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: ReexportFlags) => {
    const range = parseTimeRange(flags, new Date(now()));
    if (flags.force) output.note(WARNING);
    exitWith(
      await withServices(context, { flags }, async ({ mirror: services }) => {
        const report = await runLongWork(context, "put back", (options) =>
          services.reexport({ ...options, range, force: flags.force === true }),
        );
        for (const line of reexportLines(report)) output.print(line);
        return report.interrupted ? 130 : 0;
      }),
    );
  });
}
