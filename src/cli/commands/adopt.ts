import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import type { AdoptStep } from "../../domain/adopt-step.ts";
import { invalidInput } from "../../domain/errors.ts";
import type { AdoptEvent, BackfillReport } from "../adopt-services.ts";
import { count } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { createProgress } from "../progress.ts";
import type { Services } from "../services.ts";
import { withServices } from "../with-services.ts";

const HELP = `
For an application that has its own ai_suggestions and ai_feedback_events: adds Uptake's columns,
triggers and tables beside them, after which its plain inserts are tracked, mirrored and counted, with
no change of the application. Rewrites no table, waits for no lock longer than --lock-timeout, and takes
in the rows that were there before. Run it as the owner of the tables, again if it was interrupted, or
later for --infer, with which the worker compares what agents send through the application's own
ticket_messages with the suggestions. --remove takes away exactly what it has added. docs/adopt.md walks through it.

Examples:
  $ DATABASE_URL=postgres://owner:secret@db/app uptake adopt --dry-run
  $ DATABASE_URL=postgres://owner:secret@db/app uptake adopt --infer
  $ DATABASE_URL=postgres://owner:secret@db/app uptake adopt --remove`;

type AdoptFlags = Given & {
  readonly dryRun?: true;
  readonly remove?: true;
  readonly infer?: true;
  readonly function: string;
  readonly lockTimeout: string;
};

/** A transaction as such; what cannot be part of one stands alone. */
function sqlOf({ name, isAlone, statements }: AdoptStep): string {
  const body = statements
    .map((sql) => (/(;|^--.*)$/u.test(sql.trimEnd()) ? sql.trimEnd() : `${sql.trimEnd()};`))
    .join("\n");
  return isAlone ? `-- ${name}\n${body}\n` : `-- ${name}\nbegin;\n${body}\ncommit;\n`;
}

function lockTimeoutOf(text: string): number {
  const ms = Number(text);
  if (Number.isInteger(ms) && ms >= 1 && ms <= 60_000) return ms;
  throw invalidInput("--lock-timeout", `got ${JSON.stringify(text)}; expected whole milliseconds from 1 to 60000`);
}

function reportLines({ decidedCount, countedHourCount, enqueuedCount, interrupted }: BackfillReport): string[] {
  const lines = [
    `${count(decidedCount, "suggestion")} decided by the feedback that they had`,
    `${count(countedHourCount, "hour")} counted anew, ${count(enqueuedCount, "message")} queued for Langfuse`,
  ];
  lines.push(
    interrupted ? "interrupted; run it again for the rest" : "adopted: what the application inserts is tracked",
  );
  return lines;
}

/** `uptake adopt`: attaches to the database of an application that has suggestions and feedback already. */
export function addAdopt(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const { output, interrupt, now } = context;
  const command = program
    .command("adopt")
    .description("attach to an application's own tables, in place, and back")
    .addOption(new Flag("--dry-run", "print the SQL and do nothing"))
    .addOption(new Flag("--remove", "take away what adopt has added; with --dry-run: print that"))
    .addOption(new Flag("--infer", "compare what people send through ticket_messages with the suggestions"))
    .addOption(
      new Flag("--function <name>", "agent function that the suggestions come from").default(
        "generate-message-suggestion",
      ),
    )
    .addOption(new Flag("--lock-timeout <ms>", "longest wait for the lock, at each of 10 attempts").default("2000"))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: AdoptFlags) => {
    const options = {
      functionName: flags.function,
      lockTimeoutMs: lockTimeoutOf(flags.lockTimeout),
      infer: flags.infer === true,
    };
    const run = flags.remove === true ? remove : attach;
    exitWith(await withServices(context, { flags }, ({ adopt }) => run(adopt, flags.dryRun === true)));

    async function remove(services: Services["adopt"], isDry: boolean): Promise<ExitCode> {
      if (isDry) output.print((await services.planRemoval()).map((sql) => `${sql};`).join("\n"));
      else await services.remove(options);
      if (!isDry) output.print("removed: the schema is as it was");
      return 0;
    }

    async function attach(services: Services["adopt"], isDry: boolean): Promise<ExitCode> {
      if (isDry) {
        const plan = await services.plan(options);
        output.print(plan.length === 0 ? "-- nothing to do" : plan.map(sqlOf).join("\n"));
        return 0;
      }
      let shown = { what: "", progress: createProgress(output, "", now) };
      const onEvent = (event: AdoptEvent): void => {
        if (event.kind === "backfill" && event.what !== shown.what) {
          shown.progress.finish();
          shown = { what: event.what, progress: createProgress(output, event.what, now) };
        }
        if (event.kind === "backfill") shown.progress.update(event.done, event.total);
        else if (event.kind === "step") output.note(event.name);
        else output.note(`the tables are locked by others; attempt ${event.attempt} of 10 gave up, trying again`);
      };
      const report = await services.adopt(options, onEvent, interrupt.signal).finally(() => shown.progress.finish());
      for (const line of reportLines(report)) output.print(line);
      return report.interrupted ? 130 : 0;
    }
  });
}
