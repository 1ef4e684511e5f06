import type { Config } from "../config/config.ts";
import type { ConfigSources } from "../config/read-config.ts";
import { UptakeError } from "../domain/errors.ts";
import type { Logger } from "../domain/logger.ts";
import { createApp } from "../http/app.ts";
import { createAuthenticate } from "../http/authenticate.ts";
import type { Prometheus } from "../http/prometheus.ts";
import { createRateLimit } from "../http/rate.ts";
import type { Route } from "../http/route.ts";
import { serveApp, type HttpServer } from "../http/serve.ts";
import { maskedLogger } from "../privacy/masked-logger.ts";
import { createKeyCheck } from "../service/check-api-keys.ts";
import { createFeedbackTokens } from "../service/feedback-tokens.ts";
import { createKeyUse } from "../service/key-use.ts";
import { createSessions } from "../service/sessions.ts";
import { countApiKeys } from "../store/queries/count-api-keys.ts";
import type { Parts } from "./assemble.ts";
import { dashboardDirectory } from "./dashboard-directory.ts";
import { createHealthLook } from "./look-at-health.ts";
import { createLangfuseLook } from "./look-at-langfuse.ts";
import { createHttpServices } from "./http-services.ts";

export type ServeOptions = {
  readonly port: number;
  readonly host: string;
  readonly log: Logger;
  /** Address of the Langfuse that is mirrored into. */
  readonly target: string | null;
  readonly prometheus: Prometheus;
  /** Where the configuration came from, for what is said about the deployment. */
  readonly sources?: ConfigSources | undefined;
  /** Beside those of the API, such as the agent functions. */
  readonly routes?: readonly Route[];
};

/**
 * Serves the dashboard, the API, the status page and the probes over the parts; closing commits what came in. Rejects with
 * `invalid_configuration` where others than this machine could come in and there is no key to tell them apart by.
 */
export async function serveHttp(
  parts: Parts,
  config: Config,
  { port, host, log: given, target, prometheus, sources, routes = [] }: ServeOptions,
): Promise<HttpServer> {
  const { db, privacy } = parts;
  const log = maskedLogger(given, privacy);
  const { allowedHosts, corsOrigins, projectId } = config;
  const isPrivate = isLoopback(host) && allowedHosts.length === 0;
  if (!isPrivate && (await countApiKeys(db)).liveCount === 0) throw needsKeys(host, allowedHosts);
  const tokens = createFeedbackTokens({ ...config.feedbackTokens, now: Date.now });
  const http = createHttpServices(parts, {
    prometheus,
    log,
    target,
    dailyUnitLimit: config.sampling?.dailyUnits?.amount ?? null,
    tokens,
    langfuse: createLangfuseLook(config, Date.now),
    doctor: createHealthLook(config, { sources, db, now: Date.now }),
  });
  const keys = createKeyCheck({ db, now: Date.now, onUsed: createKeyUse({ db, now: Date.now }) });
  const sessions = createSessions({ db, keys, now: Date.now });
  const admission = {
    authenticate: createAuthenticate({ keys, tokens, sessions, openProjectId: isPrivate ? projectId : null }),
    admit: createRateLimit(config.rateLimit),
  };
  const guard = { allowedHosts: [...allowedHosts, hostNameOf(host)], corsOrigins };
  const dashboard = dashboardDirectory();
  const app = createApp({
    services: http.services,
    admission,
    guard,
    log,
    said: privacy.said,
    now: Date.now,
    routes,
    sessions,
    dashboard,
  });
  const server = await serveApp(app, { port, host });
  let closing: Promise<void> | undefined;
  async function closeAll(): Promise<void> {
    await Promise.all([server.close(), http.endLive()]);
    await http.close();
  }
  return { ...server, close: () => (closing ??= closeAll()) };
}

/** An address as a request's Host has it: one of IPv6 in brackets and in its short form. */
const hostNameOf = (host: string): string => new URL(`http://${host.includes(":") ? `[${host}]` : host}`).hostname;

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/u.test(host);

function needsKeys(host: string, allowedHosts: readonly string[]): UptakeError {
  const others = isLoopback(host) ? `UPTAKE_ALLOWED_HOSTS (${allowedHosts.join(", ")})` : `host ${host}`;
  return new UptakeError(
    "invalid_configuration",
    `${others} lets others than this machine in, and there is no API key to tell them apart by; make one with: uptake keys create (or listen on 127.0.0.1)`,
    { facts: { host, allowedHosts } },
  );
}
