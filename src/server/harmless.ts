import type { Logger } from "../domain/logger.ts";

/** The application's logger. One that throws must not end the mirror or the roller, let alone the process. */
export function harmless(log: Logger): Logger {
  const quietly =
    (level: keyof Logger): Logger["info"] =>
    (event, facts) => {
      try {
        log[level](event, facts);
      } catch {
        // Nobody is left to tell.
      }
    };
  return { info: quietly("info"), warn: quietly("warn"), error: quietly("error") };
}
