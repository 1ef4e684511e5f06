import { probeAnswer } from "../contract/probe-answer.ts";
import type { Exposition } from "./prometheus.ts";
import { answer, type Route } from "./route.ts";

export type ProbeServices = {
  /** Everything observed, for Prometheus; never rejects for a database that is away. */
  exposition(): Promise<Exposition>;
  /** Whether the database answers. */
  isReady(): Promise<boolean>;
};

/** What the routes of {@link probeRoutes} are, for an answer that names what there is. */
export const PROBE_PATHS = "/metrics, /healthz and /readyz";

/** `/metrics` for Prometheus, `/healthz` (this process answers) and `/readyz` (its database answers too). */
export const probeRoutes = (services: ProbeServices): readonly Route[] => [
  {
    method: "get",
    path: "/metrics",
    operationId: "exposeMetrics",
    summary: "What this process counts, and what waits in its database, for Prometheus",
    scopes: ["read"],
    answers: { 200: { description: "Prometheus' text format 0.0.4", contentType: "text/plain" } },
    async handle({ context }) {
      const { contentType, text } = await services.exposition();
      return context.body(text, 200, { "content-type": contentType });
    },
  },
  {
    method: "get",
    path: "/healthz",
    operationId: "isAlive",
    summary: "Whether this process answers",
    scopes: null,
    answers: { 200: { description: "It does", schema: probeAnswer } },
    handle: (call) => answer(call, probeAnswer, { status: "ok" }),
  },
  {
    method: "get",
    path: "/readyz",
    operationId: "isReady",
    summary: "Whether its database answers, too",
    scopes: null,
    answers: {
      200: { description: "It does", schema: probeAnswer },
      503: { description: "It does not, within two seconds", schema: probeAnswer },
    },
    async handle(call) {
      if (await services.isReady()) return answer(call, probeAnswer, { status: "ready" });
      return call.context.json({ status: "the database does not answer" }, 503);
    },
  },
];
