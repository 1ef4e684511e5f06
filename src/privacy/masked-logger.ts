import type { Logger } from "../domain/logger.ts";
import { asItIs, type Privacy } from "../domain/privacy.ts";

/** The same logger; what Postgres or Langfuse quote in an error is masked as anything else. */
export function maskedLogger(log: Logger, privacy: Privacy): Logger {
  if (privacy === asItIs) return log;
  const masked =
    (level: keyof Logger): Logger["info"] =>
    (event, facts) =>
      log[level](event, facts && privacy.said(facts));
  return { info: masked("info"), warn: masked("warn"), error: masked("error") };
}
