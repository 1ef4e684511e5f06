import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import { messageKinds, type MirrorMessageKind } from "../../domain/mirror-report.ts";
import { count } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { unlessInterrupted, withServices } from "../with-services.ts";

const HELP = `
Remove the cause first: uptake mirror status names the reasons. Of a message that was taken in
part only the rest is sent. What Langfuse refuses again is dead again.

Example:
  $ uptake mirror retry --kind feedback`;

type RetryFlags = Given & { readonly kind?: MirrorMessageKind };

/** `uptake mirror retry`: puts dead letters back into the outbox. */
export function addMirrorRetry(mirror: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = mirror
    .command("retry")
    .description("put dead letters back into the outbox")
    .addOption(new Flag("--kind <kind>", "only dead letters of this kind (default: all)").choices(messageKinds))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: RetryFlags) => {
    exitWith(
      await withServices(context, { flags }, async ({ mirror: services }) => {
        const revived = await unlessInterrupted(services.retry(flags.kind ?? null), context.interrupt.signal);
        if (revived === undefined) return 130;
        const next = revived === 0 ? "" : "; uptake worker delivers what is in it";
        context.output.print(`${count(revived, "dead letter")} put back into the outbox${next}`);
        return 0;
      }),
    );
  });
}
