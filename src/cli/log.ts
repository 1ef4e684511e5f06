import type { Logger } from "../domain/logger.ts";
import type { Output } from "./output.ts";

const fact = ([name, value]: readonly [string, unknown]): string =>
  `${name}=${typeof value === "string" && /^[\w./:+-]+$/u.test(value) ? value : JSON.stringify(value)}`;

/** Log lines for people, on stderr: time, level, event, facts. `info` is left out unless `verbose`. */
export function createLog({
  output,
  now,
  verbose,
}: {
  readonly output: Output;
  readonly now: () => number;
  readonly verbose: boolean;
}): Logger {
  const write =
    (level: string): Logger["info"] =>
    (event, facts = {}) =>
      output.note([new Date(now()).toISOString(), level, event, ...Object.entries(facts).map(fact)].join(" "));
  return { info: verbose ? write("info") : () => {}, warn: write("warn"), error: write("error") };
}
