import { Option as Flag, type Command } from "commander";
import { DEMO_DATA_DIR, SERVE_PORT } from "../../config/options.ts";
import type { Given } from "../../config/read-config.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { demoLines } from "../demo-lines.ts";
import { createProgress } from "../progress.ts";
import type { DemoEvent } from "../services.ts";
import { withServices } from "../with-services.ts";

const HELP = `
Fills a sample support desk, makes suggestions for its open tickets, records what agents did with them, mirrors
everything into Langfuse and counts it. Needs no key and no server: without them the database is embedded,
the model is an offline retrieval model and Langfuse is a stand-in. With --once it ends, with 1 if something was not
mirrored; else it stays up with the dashboard on http://127.0.0.1:4100 until Ctrl-C.

Its data lie in .uptake/demo, apart from your own, and are made anew each time; in another --data-dir or behind a
database URL they are kept, and the next demo goes on from there.

Examples:
  $ uptake demo --once
  $ uptake demo --port 8080
  $ OPENAI_API_KEY=… UPTAKE_MODEL=gpt-4.1-mini uptake demo`;

const DEFAULTS = { dataDir: DEMO_DATA_DIR, port: SERVE_PORT };

type DemoFlags = Given & { readonly once?: true };

async function demo(flags: DemoFlags, context: CliContext): Promise<ExitCode> {
  const once = flags.once === true;
  const { output, interrupt } = context;
  return withServices(context, { flags, defaults: DEFAULTS }, async (services, config) => {
    const progress = createProgress(output, "suggestions", context.now);
    let leftOver = 0;
    const report = (event: DemoEvent): void => {
      if (event.kind === "suggesting") {
        progress.update(event.done, event.total);
        return;
      }
      if (event.kind === "suggested") progress.finish();
      if (event.kind === "mirrored") leftOver = event.waitingCount + event.deadCount;
      for (const line of demoLines(event)) output.print(line);
    };
    await services
      .runDemo({ once, port: config.port ?? Number(SERVE_PORT) }, report, interrupt.signal)
      .finally(progress.finish);
    if (!once) return 0;
    if (interrupt.signal.aborted) return 130;
    if (config.databaseUrl === null && config.dataDir !== "memory")
      output.print(`the same numbers again: uptake metrics --data-dir ${config.dataDir}`);
    return leftOver > 0 ? 1 : 0;
  });
}

/** `uptake demo`: the whole loop on a sample desk. */
export function addDemo(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = program
    .command("demo")
    .description("run the whole loop on a sample support desk")
    .addOption(new Flag("--once", "do the loop once, print what came of it, and end"))
    .addHelpText("after", HELP);
  addCommonFlags(command, DEFAULTS).action(async (flags: DemoFlags) => {
    exitWith(await demo(flags, context));
  });
}
