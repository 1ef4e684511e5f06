import type { Command } from "commander";
import { SERVE_PORT } from "../../config/options.ts";
import type { Given } from "../../config/read-config.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { stayUntilAborted } from "../interrupt.ts";
import { withServices } from "../with-services.ts";

const HELP = `
Takes suggestions and feedback over HTTP, shows and counts them, and mirrors them into Langfuse: API and worker in one
process, until it is stopped with Ctrl-C or SIGTERM; it then answers what is under way. The dashboard is at /. Any number may share one
Postgres. /docs on it says what there is; without API keys only this machine may ask (docs/security.md).

Examples:
  $ uptake serve
  $ DATABASE_URL=postgres://app:secret@db/app uptake serve --host 0.0.0.0 --port 8080`;

const DEFAULTS = { port: SERVE_PORT };

/** `uptake serve`: the HTTP API and the worker in one process. */
export function addServe(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = program
    .command("serve")
    .description("serve the HTTP API, mirror and add up, until stopped")
    .addHelpText("after", HELP);
  addCommonFlags(command, DEFAULTS).action(async (flags: Given) => {
    exitWith(
      await withServices(context, { flags, defaults: DEFAULTS, verbose: true }, async (services, config) => {
        const server = await services.serve({ port: config.port ?? Number(SERVE_PORT), host: config.host });
        const target =
          config.langfuse === null
            ? "no Langfuse keys are set, so nothing is mirrored and the outbox waits"
            : `mirroring into ${config.langfuse.baseUrl}`;
        context.output.note(`uptake: serving ${server.url} (${server.url}/docs); ${target}; Ctrl-C stops it`);
        await stayUntilAborted(context.interrupt.signal);
        await server.stop();
        return 0;
      }),
    );
  });
}
