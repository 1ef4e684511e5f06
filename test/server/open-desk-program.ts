import { onTestFinished } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import type { Logger } from "../../src/domain/logger.ts";
import { assemble } from "../../src/server/assemble.ts";
import { createClosers } from "../../src/server/closers.ts";
import { openDesk } from "../../src/server/open-desk.ts";

/** The whole program with its desk, but for routes and port, until the test is over. */
export async function openDeskProgram(environment: Readonly<Record<string, string>>, log: Logger) {
  const config = readConfig({ environment });
  const closers = createClosers();
  onTestFinished(() => closers.close());
  const parts = assemble(config, { log, worker: false });
  closers.push(() => parts.close());
  await parts.start();
  return { config, parts, desk: await openDesk(parts, config, { closers, log }) };
}
