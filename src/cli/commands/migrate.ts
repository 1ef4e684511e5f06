import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { unlessInterrupted, withServices } from "../with-services.ts";

const HELP = `
Every command does this by itself when it opens the database; run it apart where the
program that serves may not change tables. Safe to run twice, and at once from two places.

For millions of suggestions a month, begin with --partition month: both large tables then have a
partition for each month, which can be dropped when it is old. Only for a database that is still
empty; later runs need no flag (docs/scale.md).

Examples:
  $ DATABASE_URL=postgres://owner:secret@db/app uptake migrate
  $ DATABASE_URL=postgres://owner:secret@db/app uptake migrate --partition month`;

type MigrateFlags = Given & { readonly partition?: "month" };

/** `uptake migrate`: brings the tables up to date. */
export function addMigrate(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = program
    .command("migrate")
    .description("create or update the tables")
    .addOption(new Flag("--partition <by>", "partition the large tables of a fresh database").choices(["month"]))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: MigrateFlags) => {
    exitWith(
      await withServices(context, { flags }, async (services) => {
        const result = await unlessInterrupted(
          services.migrate({ partition: flags.partition }),
          context.interrupt.signal,
        );
        if (result === undefined) return 130;
        for (const name of result.applied) context.output.print(`applied ${name}`);
        const done = result.applied.length === 0 ? "nothing to apply; " : "";
        context.output.print(`${done}the database is at version ${result.version}`);
        return 0;
      }),
    );
  });
}
