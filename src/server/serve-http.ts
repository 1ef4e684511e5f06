import type { Config } from "../config/config.ts";
import type { Logger } from "../domain/logger.ts";
import { createApp } from "../http/app.ts";
import { openTo } from "../http/caller.ts";
import type { Prometheus } from "../http/prometheus.ts";
import { serveApp, type HttpServer } from "../http/serve.ts";
import type { Parts } from "./assemble.ts";
import { createHttpServices } from "./http-services.ts";

export type ServeOptions = {
  readonly port: number;
  readonly host: string;
  readonly log: Logger;
  /** Address of the Langfuse that is mirrored into. */
  readonly target: string | null;
  readonly prometheus: Prometheus;
};

/** Serves the API, the status page and the probes over the parts; closing commits what came in. */
export async function serveHttp(
  parts: Parts,
  config: Config,
  { port, host, log, target, prometheus }: ServeOptions,
): Promise<HttpServer> {
  const http = createHttpServices(parts, { prometheus, log, target });
  const admission = { authenticate: openTo(config.projectId), admit: () => Promise.resolve() };
  const server = await serveApp(createApp({ services: http.services, admission, log, now: Date.now }), { port, host });
  let closing: Promise<void> | undefined;
  async function closeAll(): Promise<void> {
    await Promise.all([server.close(), http.endLive()]);
    await http.close();
  }
  return { ...server, close: () => (closing ??= closeAll()) };
}
