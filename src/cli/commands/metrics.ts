import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import { metricsBuckets, metricsDimensions, parseMetricsRequest } from "../../domain/metrics-request.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { unlessInterrupted, withServices } from "../with-services.ts";

const HELP = `
Times are ISO 8601 dates (UTC midnight), date-times with their zone, or how long ago: 30m, 24h, 7d, 2w, now.
Without --from and --to it is the last 24 hours. Metrics are kept by UTC hour, so the
range is widened to whole hours.

Examples:
  $ uptake metrics
  $ uptake metrics --from 7d --bucket day --by function,model
  $ uptake metrics --from 2026-11-01 --to 2026-12-01 --bucket total --json`;

type MetricsFlags = Given & {
  readonly from?: string;
  readonly to?: string;
  readonly bucket?: string;
  readonly by?: string;
  readonly json?: true;
};

/** `uptake metrics`: success rate, error rate and speed, as a table or as JSON. */
export function addMetrics(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = program
    .command("metrics")
    .description("print success rate, error rate and speed")
    .addOption(new Flag("--from <time>", "start of the range, included (default: 24 hours before its end)"))
    .addOption(new Flag("--to <time>", "end of the range, excluded (default: now)"))
    .addOption(new Flag("--bucket <length>", `length of a row: ${metricsBuckets.join(", ")} (default: hour)`))
    .addOption(new Flag("--by <names>", `split by any of ${metricsDimensions.join(",")} (comma-separated)`))
    .addOption(new Flag("--json", "print JSON instead of a table"))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: MetricsFlags) => {
    const request = parseMetricsRequest(flags, {
      now: new Date(context.now()),
      place: (name) => `--${name}`,
      bucket: "hour",
    });
    exitWith(
      await withServices(context, { flags }, async (services) => {
        const metrics = await unlessInterrupted(services.metrics(request), context.interrupt.signal);
        if (metrics === undefined) return 130;
        const { rows, table } = metrics;
        context.output.print(flags.json ? JSON.stringify({ ...request, rows }, undefined, 2) : table.trimEnd());
        return 0;
      }),
    );
  });
}
