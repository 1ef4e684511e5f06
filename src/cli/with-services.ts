import type { Config } from "../config/config.ts";
import { readConfig, type Given } from "../config/read-config.ts";
import type { CliContext, ExitCode } from "./context.ts";
import { whenAborted } from "./interrupt.ts";
import { createLog } from "./log.ts";
import type { Services } from "./services.ts";

type ServiceOptions = {
  readonly flags: Given;
  /** Where this command's defaults differ from the option table's. */
  readonly defaults?: Given;
  readonly verbose?: boolean;
};
type Work = (services: Services, config: Config) => Promise<ExitCode>;

/** Reads the configuration, opens the services, works, and closes them whatever happened. `verbose` logs what is done. */
export async function withServices(
  context: CliContext,
  { flags, defaults = {}, verbose = false }: ServiceOptions,
  work: Work,
): Promise<ExitCode> {
  const sources = { flags, environment: context.environment, defaults };
  const config = readConfig(sources);
  const log = createLog({ output: context.output, now: context.now, verbose: verbose || config.debug });
  const services = await context.openServices(config, { log, sources });
  let code: ExitCode;
  try {
    code = await work(services, config);
  } catch (error) {
    // The first error is the cause; one while closing after it would only hide it.
    await services.close().catch((closing: unknown) => log.warn("cli.close_failed", { error: String(closing) }));
    throw error;
  }
  await services.close();
  return code;
}

/** The result of work that cannot be told to stop, or `undefined` as soon as the person interrupts. */
export const unlessInterrupted = <Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result | undefined> =>
  Promise.race([work, whenAborted(signal).then(() => undefined)]);
