import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { doctorLines } from "../doctor-lines.ts";

const HELP = `
Looks at configuration, this machine, the database and Langfuse, and says of each thing whether it
is as it should be, and what to do if not. Changes nothing, starts nothing, and prints no secret.
Ends with 1 where something fails, and with 0 where there are warnings only. docs/doctor.md has
everything that it can find.

Examples:
  $ uptake doctor
  $ uptake doctor --json`;

type DoctorFlags = Given & { readonly json?: true };

/** `uptake doctor`: what is wrong with this deployment, and what to do about it. */
export function addDoctor(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const { output, environment, now, diagnose } = context;
  const command = program
    .command("doctor")
    .description("say what is wrong with this deployment, and what to do about it")
    .addOption(new Flag("--json", "print JSON"))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: DoctorFlags) => {
    const report = await diagnose({ flags, environment }, { now });
    output.print(flags.json ? JSON.stringify(report, undefined, 2) : doctorLines(report).join("\n"));
    exitWith(report.ok ? 0 : 1);
  });
}
