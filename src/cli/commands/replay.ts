import { statSync } from "node:fs";
import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import { invalidInput } from "../../domain/errors.ts";
import { count } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { createProgress } from "../progress.ts";
import type { ReplaySummary } from "../services.ts";
import { wholeNumber } from "../whole-number.ts";
import { withServices } from "../with-services.ts";

const HELP = `
Makes a suggestion for every customer turn that an agent's text reply follows, and infers feedback from the
reply that was really sent. What a conversation said later is hidden from its own suggestions. Running it
again creates nothing twice. The shape of the file is in docs/replay.md.

Example:
  $ uptake replay conversations.jsonl --limit 300`;

const DEFAULT_CONCURRENCY = 8;
const MAX_CONCURRENCY = 64;

type ReplayFlags = Given & { readonly limit?: number; readonly concurrency: number };

function requireFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw invalidInput(file, "no such file; expected a JSONL file, one conversation a line");
  if (found.isDirectory()) throw invalidInput(file, "is a directory; expected a JSONL file, one conversation a line");
}

/** The summary in plain words, malformed lines left out. */
export function replaySummaryLines(summary: ReplaySummary): string[] {
  const lines = [
    `${count(summary.conversationCount, "conversation")}, ${count(summary.turnCount, "customer turn")} with a reply`,
    `${count(summary.suggestionCount, "suggestion")} made, ${summary.knownCount} known from before, ${summary.errorCount} failed`,
    `feedback inferred: ${count(summary.approvalCount, "approval")}, ${count(summary.revisionCount, "revision")}, ${count(summary.rejectionCount, "rejection")}`,
  ];
  if (summary.malformedCount > 0) lines.push(`${count(summary.malformedCount, "malformed line")} left out`);
  if (summary.waitingCount > 0) {
    lines.push(`${count(summary.waitingCount, "message")} still wait for Langfuse; uptake worker delivers them`);
  }
  if (summary.interrupted) lines.push("interrupted; run it again to go on where it stopped");
  return lines;
}

function noteMalformed(file: string, summary: ReplaySummary, context: CliContext): void {
  for (const { line, problem } of summary.malformed) context.output.note(`${file}:${line}: ${problem}`);
  const unnamed = summary.malformedCount - summary.malformed.length;
  if (unnamed > 0) context.output.note(`${file}: ${unnamed} more malformed lines`);
}

async function replay(file: string, flags: ReplayFlags, context: CliContext): Promise<ExitCode> {
  requireFile(file);
  return withServices(context, { flags }, async (services) => {
    const { limit, concurrency } = flags;
    const progress = createProgress(context.output, "replayed", context.now);
    const summary = await services
      .replay(
        { file, concurrency, ...(limit === undefined ? {} : { limit }) },
        progress.update,
        context.interrupt.signal,
      )
      .finally(progress.finish);
    noteMalformed(file, summary, context);
    for (const line of replaySummaryLines(summary)) context.output.print(line);
    if (summary.interrupted) return 130;
    return summary.malformedCount > 0 || summary.errorCount > 0 ? 1 : 0;
  });
}

/** `uptake replay FILE`: measures the agent function on conversations that really took place. */
export function addReplay(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = program
    .command("replay")
    .description("import conversations and measure suggestions against the replies really sent")
    .argument("<file>", "JSONL file, one conversation a line")
    .addOption(
      new Flag("--limit <n>", "replay at most this many customer turns (default: all)").argParser(
        wholeNumber(1, Number.MAX_SAFE_INTEGER),
      ),
    )
    .addOption(
      new Flag("--concurrency <n>", "suggestions made at the same time")
        .argParser(wholeNumber(1, MAX_CONCURRENCY))
        .default(DEFAULT_CONCURRENCY),
    )
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (file: string, flags: ReplayFlags) => {
    exitWith(await replay(file, flags, context));
  });
}
