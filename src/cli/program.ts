import { Command } from "commander";
import { variablesHelp } from "../config/describe.ts";
import { addAdopt } from "./commands/adopt.ts";
import { addDemo } from "./commands/demo.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addErase } from "./commands/erase.ts";
import { addExpire } from "./commands/expire.ts";
import { addInit } from "./commands/init.ts";
import { addKeys } from "./commands/keys.ts";
import { addMetrics } from "./commands/metrics.ts";
import { addMigrate } from "./commands/migrate.ts";
import { addMirror } from "./commands/mirror.ts";
import { addMove } from "./commands/move.ts";
import { addPartitions } from "./commands/partitions.ts";
import { addReplay } from "./commands/replay.ts";
import { addRetain } from "./commands/retain.ts";
import { addServe } from "./commands/serve.ts";
import { addVerify } from "./commands/verify.ts";
import { addRollup } from "./commands/rollup.ts";
import { addWorker } from "./commands/worker.ts";
import { EXIT_CODES_HELP, type CliContext, type ExitCode } from "./context.ts";

const EXAMPLE = `
Example:
  $ uptake demo --once`;

/** commander puts hints such as "(Did you mean --from?)" on a second line; errors here are one line. */
const oneLine = (text: string): string =>
  text
    .trim()
    .replace(/^error: /u, "")
    .replaceAll(/\s*\n\s*/gu, " ");

/** The commands and their flags. `exitWith` is told the exit code of the command that ran. */
export function createProgram(context: CliContext, exitWith: (code: ExitCode) => void): Command {
  const { output } = context;
  const program = new Command("uptake")
    .description("Track AI agent functions and what people did with their suggestions.")
    .version(context.version)
    .helpCommand(false)
    // Throws instead of ending the process, so that every exit code is decided in one place.
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.print(text.trimEnd()),
      writeErr: (text) => output.note(text.trimEnd()),
      outputError: (text, write) => write(`uptake: ${oneLine(text)}; see uptake --help`),
    })
    .addHelpText("after", EXAMPLE)
    .addHelpText("afterAll", ({ command }) => (command.parent === null ? `\n${variablesHelp()}` : ""))
    .addHelpText("afterAll", `\n${EXIT_CODES_HELP}`);
  const commands = [
    addInit,
    addDemo,
    addServe,
    addReplay,
    addMigrate,
    addMove,
    addAdopt,
    addWorker,
    addMetrics,
    addRollup,
    addExpire,
    addPartitions,
    addRetain,
    addErase,
    addMirror,
    addVerify,
    addKeys,
    addDoctor,
  ];
  for (const add of commands) add(program, context, exitWith);
  return program;
}
