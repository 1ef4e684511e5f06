import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Option as Flag, type Command } from "commander";
import { type Config, withoutPassword } from "../../config/config.ts";
import type { Given } from "../../config/read-config.ts";
import { UptakeError } from "../../domain/errors.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { fileLines, foundLine, nextLines, tablesLine } from "../init-lines.ts";
import type { FoundTables, InitServices } from "../init-services.ts";
import { detectStack } from "../init/detect-stack.ts";
import { planInit, type InitPlan } from "../init/plan.ts";
import type { PlannedFile } from "../init/planned-file.ts";
import { withServices } from "../with-services.ts";

const HELP = `
Looks at the current folder (plain Node, TypeScript, Next, Supabase, and the database behind DATABASE_URL)
and adds what is missing for a first tracked agent function, which runs at once: without a key, without
a server. Says what it found, what it does, and what to run next. No file that is there is overwritten: it
says what to add to it instead. Running it again changes nothing.

A Supabase project gets the tables as a migration; else Uptake makes them when it opens the database, and
--migration writes them as an SQL file for your own tool. Where an application has an ai_suggestions
of its own, it points to uptake adopt.

Examples:
  $ uptake init
  $ uptake init --dry-run
  $ uptake init --yes --migration db/migrations`;

type InitFlags = Given & {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly force?: true;
  readonly migration?: string;
};

type Look = { readonly tables: FoundTables | null; readonly line: string };

/** A database that cannot be asked is said, and keeps nobody from beginning. */
async function lookAt(config: Config, services: InitServices): Promise<Look> {
  if (config.server !== null) return { tables: null, line: `Records go to the Uptake server at ${config.server.url}` };
  if (config.databaseUrl === null) {
    const line = `Database: an embedded Postgres in ${config.dataDir} (DATABASE_URL is not set)`;
    return { tables: null, line };
  }
  const place = withoutPassword(config.databaseUrl);
  try {
    const tables = await services.lookAtTables();
    return { tables, line: tables === null ? `Database: ${place}` : tablesLine(place, tables) };
  } catch (error) {
    if (!(error instanceof UptakeError)) throw error;
    return { tables: null, line: `Database: ${place} could not be asked: ${error.message}` };
  }
}

function write(folder: string, { path, content, state }: PlannedFile): void {
  if (content === null) return;
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  // What has come meanwhile is somebody else's.
  writeFileSync(target, content, { flag: state === "new" ? "wx" : "w" });
}

async function init(flags: InitFlags, context: CliContext): Promise<ExitCode> {
  const { output, folder, ask, interrupt, now } = context;
  const stack = detectStack(folder);
  return withServices(context, { flags }, async (services, config) => {
    const { tables, line } = await lookAt(config, services.init);
    const plan = planInit(
      {
        folder,
        stack,
        tables,
        force: flags.force === true,
        migrationFolder: flags.migration ?? null,
        now: now(),
      },
      services.init,
    );
    for (const text of [foundLine(stack), line, ...fileLines(plan)]) output.print(text);
    const changes = plan.files.filter(({ content }) => content !== null);
    if (flags.dryRun === true) {
      output.print("\nDry run: nothing was written.");
      return 0;
    }
    if (changes.length > 0 && flags.yes !== true && ask !== null) {
      const isYes = await ask("\nWrite that?", interrupt.signal);
      if (interrupt.signal.aborted) return 130;
      if (!isYes) return said(context, "Nothing was written.");
    }
    for (const file of changes) write(folder, file);
    return saidNext(context, plan);
  });
}

function said({ output }: CliContext, text: string): ExitCode {
  output.print(text);
  return 0;
}

const saidNext = (context: CliContext, plan: InitPlan): ExitCode => said(context, nextLines(plan).join("\n"));

/** `uptake init`: a first tracked agent function, and what belongs to it, for the stack of the current folder. */
export function addInit(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = program
    .command("init")
    .description("add a first tracked agent function to the current folder")
    .addOption(new Flag("--dry-run", "say what would be done, and do nothing"))
    .addOption(new Flag("--yes", "do not ask; nothing is asked without a terminal either"))
    .addOption(new Flag("--force", "replace files of these names that differ, and add to those of others"))
    .addOption(new Flag("--migration <folder>", "write the tables as an SQL file into this folder"))
    .addHelpText("after", HELP);
  addCommonFlags(command, {}, ["databaseUrl", "dataDir", "debug"]).action(async (flags: InitFlags) => {
    exitWith(await init(flags, context));
  });
}
