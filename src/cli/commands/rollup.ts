import type { Command } from "commander";
import type { CliContext, ExitCode } from "../context.ts";
import { addRollupBackfill } from "./rollup-backfill.ts";
import { addRollupCheck } from "./rollup-check.ts";

const EXAMPLES = `
Examples:
  $ uptake rollup check
  $ uptake rollup backfill --from 2026-01-01`;

/** `uptake rollup …`: whether the counted metrics are right, and making them so. */
export function addRollup(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const rollup = program
    .command("rollup")
    .description("check the counted metrics, or count them anew")
    .helpCommand(false)
    .addHelpText("after", EXAMPLES);
  for (const add of [addRollupCheck, addRollupBackfill]) add(rollup, context, exitWith);
}
