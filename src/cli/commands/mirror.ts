import type { Command } from "commander";
import type { CliContext, ExitCode } from "../context.ts";
import { addMirrorBackfill } from "./mirror-backfill.ts";
import { addMirrorReconcile } from "./mirror-reconcile.ts";
import { addMirrorReexport } from "./mirror-reexport.ts";
import { addMirrorRetry } from "./mirror-retry.ts";
import { addMirrorSetup } from "./mirror-setup.ts";
import { addMirrorStatus } from "./mirror-status.ts";

const EXAMPLES = `
Examples:
  $ uptake mirror status
  $ uptake mirror reconcile --from 7d`;

/** `uptake mirror …`: what the mirror has done, and what to do where it could not. */
export function addMirror(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const mirror = program
    .command("mirror")
    .description("look after the copy in Langfuse")
    .helpCommand(false)
    .addHelpText("after", EXAMPLES);
  for (const add of [
    addMirrorStatus,
    addMirrorSetup,
    addMirrorRetry,
    addMirrorReconcile,
    addMirrorReexport,
    addMirrorBackfill,
  ]) {
    add(mirror, context, exitWith);
  }
}
