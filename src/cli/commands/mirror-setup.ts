import type { Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import type { ScoreConfigReport, SetupReport } from "../../domain/mirror-report.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { unlessInterrupted, withServices } from "../with-services.ts";

const HELP = `
Creates a score config for each score that can have one: feedback, accepted, kept-ratio and
time-to-feedback. What is there already and takes the same scores is used as it is, so it can be run
as often as you like. One of the same name that takes other scores is named, and nothing is changed:
scores of that name are then sent without a config, as they are without this command.

Example:
  $ uptake mirror setup`;

const STATES = { created: "created", matched: "there already", differs: "differs" } as const;

function configLines({ name, state, configId, problems }: ScoreConfigReport): string[] {
  const line = `${name.padEnd(16)}  ${STATES[state]} (${configId})`;
  if (state !== "differs") return [line];
  return [
    `${line}: ${problems.join("; ")}`,
    `  archive it in Langfuse (Settings, Scores) or change it there, and run uptake mirror setup again`,
  ];
}

/** The result in plain words. */
export const setupLines = ({ target, configs }: SetupReport): string[] => [
  `Score configs in ${target}`,
  ...configs.flatMap(configLines),
];

/** `uptake mirror setup`: creates the score configs in Langfuse. */
export function addMirrorSetup(mirror: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = mirror
    .command("setup")
    .description("create the score configs in Langfuse that are not there yet")
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: Given) => {
    exitWith(
      await withServices(context, { flags }, async ({ mirror: services }) => {
        const report = await unlessInterrupted(services.setup(), context.interrupt.signal);
        if (report === undefined) return 130;
        context.output.print(setupLines(report).join("\n"));
        return report.configs.some(({ state }) => state === "differs") ? 1 : 0;
      }),
    );
  });
}
