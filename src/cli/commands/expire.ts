import type { Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import { count } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { withServices } from "../with-services.ts";

const HELP = `
Closes suggestions that nobody has acted on within their window as expired, and rows that are
still pending long after their call must have died as errors. The worker does this by itself
every minute. Feedback that comes later still decides its suggestion.

Example:
  $ uptake expire --expire-after 7d,draft-reply=2d,classify=never --abandon-after 15m`;

/** `uptake expire`: closes what nobody will act on any more. */
export function addExpire(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = program
    .command("expire")
    .description("close suggestions nobody acted on, and calls that died")
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: Given) => {
    exitWith(
      await withServices(context, { flags }, async (services) => {
        const { signal } = context.interrupt;
        const { expiredCount, abandonedCount } = await services.expire(signal);
        context.output.print(
          `${count(expiredCount, "suggestion")} expired, ${count(abandonedCount, "pending row")} closed as abandoned`,
        );
        return signal.aborted ? 130 : 0;
      }),
    );
  });
}
