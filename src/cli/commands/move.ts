import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import type { MoveReport } from "../../domain/move-report.ts";
import { count } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import type { MoveServices } from "../move-services.ts";
import { createProgress, type Progress } from "../progress.ts";
import { withServices } from "../with-services.ts";

const HELP = `
Copies the embedded database to a Postgres that holds nothing of Uptake's yet: every row with its id, what still
waits for Langfuse, the record of what has reached it, keys, metrics. What a killed process left in the
spool is taken in first. Then both are compared row by row. A table is there whole or not at all: run it again
after it was stopped or killed. Stop everything that uses the embedded database, and start nothing
on the target before this has said that it is done. The embedded database stays as it is, but for a mark that it
was moved: nothing is opened there any more, since it would deliver once more what waits in both.

Examples:
  $ uptake move --to postgres://uptake:secret@db/uptake --dry-run
  $ DATABASE_URL=postgres://uptake:secret@db/uptake uptake move`;

type MoveFlags = Given & { readonly to?: string; readonly dryRun?: true };

const SHOWN_OF_CHECKSUM = 12;

/** One line a table that has rows, the others counted. */
export function moveLines({ tables }: Pick<MoveReport, "tables">): string[] {
  const filled = tables.filter(({ rowCount }) => rowCount > 0);
  const width = Math.max(...filled.map(({ name }) => name.length), 0);
  const lines = filled.map(({ name, rowCount, checksum }) => {
    const proof = checksum === null ? "" : `  ${checksum.slice(0, SHOWN_OF_CHECKSUM)}`;
    return `${name.padEnd(width)}  ${String(rowCount).padStart(9)}${proof}`;
  });
  const rowCount = tables.reduce((sum, table) => sum + table.rowCount, 0);
  const emptyCount = tables.length - filled.length;
  return [...lines, `${count(rowCount, "row")} in ${count(filled.length, "table")}, ${emptyCount} empty`];
}

/** `uptake move`: from the embedded database to a Postgres. */
export function addMove(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const { output, interrupt, now } = context;
  const command = program
    .command("move")
    .description("copy the embedded database to a Postgres, compared row by row")
    .addOption(new Flag("--to <url>", "the Postgres to move to (variable: DATABASE_URL)"))
    .addOption(new Flag("--dry-run", "say what would be moved, or what is in the way, and do nothing"))
    .addHelpText("after", HELP);
  addCommonFlags(command, {}, ["dataDir", "debug"]).action(async ({ to, ...flags }: MoveFlags) => {
    const given = to === undefined ? flags : { ...flags, databaseUrl: to };
    exitWith(
      await withServices(context, { flags: given }, ({ move }) => (flags.dryRun === true ? plan(move) : run(move))),
    );
  });

  async function plan(services: MoveServices): Promise<ExitCode> {
    const report = await services.plan();
    for (const line of moveLines(report)) output.print(line);
    if (report.spoolFileCount > 0) {
      output.print(
        `${count(report.spoolFileCount, "file")} of the spool would be written to the embedded database first`,
      );
    }
    if (report.resumedTableCount > 0) output.print(`${count(report.resumedTableCount, "table")} copied before`);
    output.print(`nothing was done; without --dry-run this goes to ${services.target()}`);
    return 0;
  }

  async function run(services: MoveServices): Promise<ExitCode> {
    let shown: { readonly step: string; readonly progress: Progress } | undefined;
    const report = await services
      .move((step, done, total) => {
        if (shown?.step !== step) {
          shown?.progress.finish();
          shown = { step, progress: createProgress(output, `rows ${step}`, now) };
        }
        shown.progress.update(done, total);
      }, interrupt.signal)
      .finally(() => shown?.progress.finish());
    if (report.interrupted) {
      output.print("interrupted; run it again to go on where it stopped");
      return 130;
    }
    for (const line of moveLines(report)) output.print(line);
    if (report.resumedTableCount > 0)
      output.print(`${count(report.resumedTableCount, "table")} copied by an earlier run`);
    output.print(`the same on both sides; set DATABASE_URL to ${services.target()} from now on`);
    return 0;
  }
}
