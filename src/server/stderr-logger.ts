import type { Logger } from "../domain/logger.ts";

/** One JSON object a line on standard error: time, level, event, facts. Informational lines only with `debug`. */
export function createStderrLogger({ debug }: { readonly debug: boolean }): Logger {
  const write =
    (level: string) =>
    (event: string, facts: Readonly<Record<string, unknown>> = {}): void => {
      process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...facts })}\n`);
    };
  return { info: debug ? write("info") : () => {}, warn: write("warn"), error: write("error") };
}
