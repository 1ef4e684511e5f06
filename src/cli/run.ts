import { CommanderError } from "commander";
import { UptakeError } from "../domain/errors.ts";
import type { CliContext, ExitCode } from "./context.ts";
import type { Output } from "./output.ts";
import { createProgram } from "./program.ts";

/** What commander throws after it has printed help or the version. */
const SHOWN = new Set(["commander.helpDisplayed", "commander.version"]);
/** Codes that mean the caller has to change something; everything else is a failure of ours or of the world. */
const CALLERS_FAULT = new Set(["invalid_input", "invalid_configuration"]);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error));

function reportError(error: unknown, output: Output, debug: boolean): ExitCode {
  const known = error instanceof UptakeError;
  const hint = known || debug ? "" : " (unexpected; run again with --debug for the details)";
  // A configuration or query with several wrong values has one line for each.
  const lines = known ? error.message.split("\n") : [messageOf(error).replaceAll(/\s*\n\s*/gu, " ") + hint];
  for (const line of lines) output.note(`uptake: ${line}`);
  if (debug && error instanceof Error) {
    output.note(error.stack ?? "");
    if (error.cause instanceof Error) output.note(`caused by ${error.cause.stack}`);
  }
  return known && CALLERS_FAULT.has(error.code) ? 2 : 1;
}

/** Runs one command line (without `node` and the script) to its end; resolves to the exit code and never rejects. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<ExitCode> {
  let code: ExitCode = 0;
  try {
    await createProgram(context, (exitCode) => (code = exitCode)).parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return SHOWN.has(error.code) ? 0 : 2;
    return reportError(error, context.output, argv.includes("--debug"));
  }
}
