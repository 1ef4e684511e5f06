import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import type {
  ErasureCounts,
  ErasureKind,
  ErasurePreview,
  ErasureReceipt,
  ErasureSubject,
} from "../../domain/erasure.ts";
import { invalidInput } from "../../domain/errors.ts";
import { parseSpan } from "../../domain/expiry.ts";
import { isUuid } from "../../domain/ids.ts";
import { count } from "../amounts.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { withServices } from "../with-services.ts";

const HELP = `
Erases what there is of a ticket, a customer or one suggestion: texts and ids in the database, its traces,
what waits in the spool and in the outbox, and its traces with their scores in Langfuse. Metrics stay as
they are. --dry-run says what would go. What cannot be done now (Langfuse is away) a worker finishes;
run again, it goes on. The exit code is 0 once everything is done.

Examples:
  $ uptake erase --ticket 4711 --dry-run
  $ uptake erase --customer 0b6c… --by jo@example.com --json`;

const KINDS: readonly ErasureKind[] = ["ticket", "customer", "suggestion"];

type EraseFlags = Given & {
  readonly ticket?: string;
  readonly customer?: string;
  readonly suggestion?: string;
  readonly dryRun?: true;
  readonly by?: string;
  readonly wait: string;
  readonly json?: true;
};

function subjectOf(flags: EraseFlags): ErasureSubject {
  const given = KINDS.flatMap((kind) => (flags[kind] === undefined ? [] : [{ kind, id: flags[kind].trim() }]));
  const [subject, ...others] = given;
  if (subject === undefined || others.length > 0) {
    throw invalidInput("--ticket, --customer, --suggestion", "expected exactly one of them");
  }
  if (subject.id === "") throw invalidInput(`--${subject.kind}`, "expected an id, got nothing");
  if (subject.kind !== "suggestion") return subject;
  if (!isUuid(subject.id)) throw invalidInput("--suggestion", "expected a UUID, the suggestion's id");
  return { kind: "suggestion", id: subject.id.toLowerCase() };
}

function countsLine(counts: ErasureCounts, done: (verb: string) => string): string {
  const emptied = `${count(counts.suggestionCount, "suggestion")} and ${count(counts.feedbackCount, "feedback event")}`;
  const deleted = [
    count(counts.traceCount, "trace"),
    count(counts.ticketCount, "ticket"),
    count(counts.ticketMessageCount, "ticket message"),
    count(counts.outboxCount, "message in the outbox", "messages in the outbox"),
  ].join(", ");
  return `${emptied} ${done("emptied")}; ${deleted} ${done("deleted")}`;
}

const previewLines = ({ counts, spooledCount, left }: ErasurePreview): string[] => [
  countsLine(counts, (verb) => `would be ${verb}`),
  `${count(spooledCount, "record")} in the spool`,
  left,
  "nothing was changed",
];

const receiptLines = ({ id, subjectKind, subjectSha256, counts, places, state }: ErasureReceipt): string[] => [
  `erasure ${id}: ${subjectKind} with SHA-256 ${subjectSha256}`,
  countsLine(counts, (verb) => verb),
  ...(["database", "spool", "langfuse"] as const).map(
    (place) => `${place}: ${places[place].state}, ${places[place].note}`,
  ),
  state === "done" ? "done" : "not done yet: a worker goes on with Langfuse; run it again to see",
];

/** `uptake erase`: forgets a ticket, a customer or a suggestion, everywhere. */
export function addErase(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const { output, interrupt } = context;
  const command = program
    .command("erase")
    .description("erase a ticket, a customer or a suggestion everywhere; metrics stay")
    .addOption(new Flag("--ticket <id>", "everything of the ticket with this id"))
    .addOption(new Flag("--customer <id>", "of all tickets of this customer, and of suggestions that name them"))
    .addOption(new Flag("--suggestion <id>", "of this suggestion"))
    .addOption(new Flag("--dry-run", "say what would be erased"))
    .addOption(new Flag("--by <name>", "who asks, for the receipt (default: the user who runs it)"))
    .addOption(new Flag("--wait <span>", "how long to wait for Langfuse").default("1m"))
    .addOption(new Flag("--json", "print the receipt as JSON"))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: EraseFlags) => {
    const subject = subjectOf(flags);
    const waitMs = parseSpan(flags.wait);
    if (waitMs === undefined || waitMs === null) throw invalidInput("--wait", "expected a span such as 1m");
    exitWith(
      await withServices(context, { flags }, async ({ erasure }) => {
        if (flags.dryRun) {
          const preview = await erasure.preview(subject);
          const lines = flags.json ? [JSON.stringify(preview)] : previewLines(preview);
          for (const line of lines) output.print(line);
          return 0;
        }
        const receipt = await erasure.erase(subject, { by: flags.by, waitMs, signal: interrupt.signal });
        for (const line of flags.json ? [JSON.stringify(receipt)] : receiptLines(receipt)) output.print(line);
        if (receipt.state === "done") return 0;
        return interrupt.signal.aborted ? 130 : 1;
      }),
    );
  });
}
