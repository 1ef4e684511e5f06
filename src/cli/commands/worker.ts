import type { Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { stayUntilAborted } from "../interrupt.ts";
import { withServices } from "../with-services.ts";

const HELP = `
Mirrors what is waiting into Langfuse, adds metrics up and expires what nobody acted on, until
it is stopped with Ctrl-C or SIGTERM; it then ends what it has in hand. Any number of workers may share one Postgres.
With --run-pending it also runs these agent functions for pending rows: docs/agent-functions.md.
With a port it shows /metrics (for Prometheus), /healthz and /readyz on 127.0.0.1: docs/monitoring.md.

Examples:
  $ uptake worker --port 9464
  $ uptake worker --run-pending generate-message-suggestion,classify-ticket
  $ DATABASE_URL=postgres://app:secret@db/app LANGFUSE_PUBLIC_KEY=pk-lf-… LANGFUSE_SECRET_KEY=sk-lf-… uptake worker`;

/** `uptake worker`: runs the mirror and the roller until stopped. */
export function addWorker(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = program
    .command("worker")
    .description("mirror into Langfuse and add metrics up, until stopped")
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: Given) => {
    exitWith(
      await withServices(context, { flags, verbose: true }, async (services, config) => {
        const worker = await services.startWorker({ port: config.port });
        const target =
          config.langfuse === null
            ? "no Langfuse keys are set, so nothing is mirrored and the outbox waits"
            : `mirroring into ${config.langfuse.baseUrl}`;
        const shown = worker.url === null ? "" : `; ${worker.url}/metrics`;
        context.output.note(`uptake: worker running; ${target}${shown}; Ctrl-C stops it`);
        await stayUntilAborted(context.interrupt.signal);
        await worker.stop();
        return 0;
      }),
    );
  });
}
