import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import type { VerifyStage } from "../../domain/verify-report.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { createProgress } from "../progress.ts";
import { verifyLines } from "../verify-lines.ts";
import { wholeNumber } from "../whole-number.ts";
import { withServices } from "../with-services.ts";

const HELP = `
Sends one suggestion of every kind and one feedback event of every type to the Langfuse of the
variables, the way the mirror does, and looks for each observation and score by its id until it is
there. Prints what was seen, after how long, and where; then has Langfuse delete it. Into your own
database, where there is one, goes only how it went, for uptake mirror status and the dashboard.
The traces are named uptake-verify and lie in a session of that name.
Ends with 0 where all is well, and with 1 and the reason otherwise.

Examples:
  $ LANGFUSE_PUBLIC_KEY=pk-lf-… LANGFUSE_SECRET_KEY=sk-lf-… uptake verify
  $ uptake verify --patience 180 --keep
  $ uptake verify --json`;

const DEFAULT_PATIENCE_SECONDS = 60;
const MAX_PATIENCE_SECONDS = 3600;

type VerifyFlags = Given & { readonly patience: number; readonly keep?: true; readonly json?: true };

/** `uptake verify`: whether what this deployment would send arrives in its Langfuse. */
export function addVerify(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const { output, interrupt, now } = context;
  const command = program
    .command("verify")
    .description("send samples to Langfuse, see them arrive, and delete them")
    .addOption(
      new Flag("--patience <seconds>", "how long Langfuse may take to answer, and again to show what it took")
        .argParser(wholeNumber(1, MAX_PATIENCE_SECONDS))
        .default(DEFAULT_PATIENCE_SECONDS),
    )
    .addOption(new Flag("--keep", "leave the traces in Langfuse"))
    .addOption(new Flag("--json", "print JSON, with every observation and score"))
    .addHelpText("after", HELP);
  addCommonFlags(command, {}, ["debug"]).action(async (flags: VerifyFlags) => {
    exitWith(
      await withServices(context, { flags }, async (services) => {
        const progress = { sent: createProgress(output, "sent", now), seen: createProgress(output, "seen", now) };
        const report = await services
          .verify({
            patienceMs: flags.patience * 1000,
            keep: flags.keep === true,
            onProgress: (stage: VerifyStage, done, total) => progress[stage].update(done, total),
            signal: interrupt.signal,
          })
          .finally(progress.seen.finish);
        output.print(flags.json ? JSON.stringify(report, undefined, 2) : verifyLines(report).join("\n"));
        if (report.interrupted) return 130;
        return report.ok ? 0 : 1;
      }),
    );
  });
}
