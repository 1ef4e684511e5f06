import type { Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { unlessInterrupted, withServices } from "../with-services.ts";

const HELP = `
Every command does this by itself when it opens the database; run it apart where the
program that serves may not change tables. Safe to run twice, and at once from two places.

Example:
  $ DATABASE_URL=postgres://owner:secret@db/app uptake migrate`;

/** `uptake migrate`: brings the tables up to date. */
export function addMigrate(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = program.command("migrate").description("create or update the tables").addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: Given) => {
    exitWith(
      await withServices(context, { flags }, async (services) => {
        const result = await unlessInterrupted(services.migrate(), context.interrupt.signal);
        if (result === undefined) return 130;
        for (const name of result.applied) context.output.print(`applied ${name}`);
        const done = result.applied.length === 0 ? "nothing to apply; " : "";
        context.output.print(`${done}the database is at version ${result.version}`);
        return 0;
      }),
    );
  });
}
