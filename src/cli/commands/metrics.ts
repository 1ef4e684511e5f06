import { Option as Flag, type Command } from "commander";
import type { Given } from "../../config/read-config.ts";
import { invalidInput } from "../../domain/errors.ts";
import {
  metricsBuckets,
  metricsDimensions,
  metricsViews,
  parseMetricsRequest,
  parseMetricsView,
} from "../../domain/metrics-request.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { unlessInterrupted, withServices } from "../with-services.ts";

const HELP = `
Times are ISO 8601 dates (midnight in --zone), date-times with their zone, or how long ago: 30m, 24h, 7d,
2w, now. Without --from and --to it is the last 24 hours. Metrics are kept by UTC hour, so the range is
widened to whole hours; --zone says whose days are meant and whose clock is shown.

Views, all defined in docs/metrics.md:
  summary      suggestions, success rate, error rate, latency, time to feedback
  rates        success rate, usable rate, coverage, error rate, kept ratio
  speed        p50, p90, p95 and p99 of latency, time to first token and time to feedback
  cost         tokens, cost, and cost per accepted suggestion
  errors       errors by type
  reasons      why suggestions were revised or rejected, by the time of that decision
  calibration  how often confidences are right
  survival     time to feedback with the still open ones, over the whole range

Examples:
  $ uptake metrics
  $ uptake metrics --from 7d --bucket day --by function,model --zone Europe/Berlin
  $ uptake metrics --from 30d --view reasons --function generate-response
  $ uptake metrics --from 2026-11-01 --to 2026-12-01 --bucket total --json`;

type MetricsFlags = Given & {
  readonly from?: string;
  readonly to?: string;
  readonly bucket?: string;
  readonly by?: string;
  readonly zone?: string;
  readonly function?: string;
  readonly model?: string;
  readonly promptVersion?: string;
  readonly environment?: string;
  readonly view: string;
  readonly json?: true;
  readonly csv?: true;
};

const OVER_THE_RANGE = new Set(["reasons", "calibration", "survival"]);

/** `uptake metrics`: success rate, error rate and speed, as a table, JSON or CSV. */
export function addMetrics(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = program
    .command("metrics")
    .description("print success rate, error rate and speed")
    .addOption(new Flag("--from <time>", "start of the range, included (default: 24 hours before its end)"))
    .addOption(new Flag("--to <time>", "end of the range, excluded (default: now)"))
    .addOption(
      new Flag(
        "--bucket <length>",
        `length of a row: ${metricsBuckets.join(", ")} (default: hour; total for reasons, calibration)`,
      ),
    )
    .addOption(new Flag("--by <names>", `split by any of ${metricsDimensions.join(",")} (comma-separated)`))
    .addOption(new Flag("--function <name>", "only suggestions of this agent function"))
    .addOption(new Flag("--model <name>", "only of this model"))
    .addOption(new Flag("--prompt-version <name>", "only of this prompt version"))
    .addOption(new Flag("--environment <name>", "only of this environment"))
    .addOption(new Flag("--zone <name>", "time zone of days and clock, such as Europe/Berlin (default: UTC)"))
    .addOption(new Flag("--view <name>", `what to show: ${metricsViews.join(", ")}`).default("summary"))
    .addOption(new Flag("--json", "print JSON instead of a table"))
    .addOption(new Flag("--csv", "print CSV instead of a table"))
    .addHelpText("after", HELP);
  addCommonFlags(command).action(async (flags: MetricsFlags) => {
    const view = parseMetricsView(flags.view, "--view");
    if (flags.json && flags.csv) throw invalidInput("--csv", "--json is given as well; leave one of them out");
    const request = parseMetricsRequest(flags, {
      now: new Date(context.now()),
      place: (name) => `--${name}`,
      bucket: OVER_THE_RANGE.has(view) ? "total" : "hour",
    });
    exitWith(
      await withServices(context, { flags }, async (services) => {
        const answer = await unlessInterrupted(services.metrics(request, view), context.interrupt.signal);
        if (answer === undefined) return 130;
        const { rows, table, csv } = answer;
        if (flags.json) context.output.print(JSON.stringify({ ...request, view, rows }, undefined, 2));
        else context.output.print(flags.csv ? csv.replace(/\r\n$/u, "\r") : table.trimEnd());
        return 0;
      }),
    );
  });
}
