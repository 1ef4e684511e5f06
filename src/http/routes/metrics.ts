import type { z } from "zod";
import { calibrationAnswer } from "../../contract/calibration-answer.ts";
import { metricsAnswer } from "../../contract/metrics-answer.ts";
import { metricsQuery } from "../../contract/metrics-query.ts";
import { reasonsAnswer } from "../../contract/reasons-answer.ts";
import { survivalAnswer } from "../../contract/survival-answer.ts";
import { type MetricsBucket, type MetricsRequest, parseMetricsRequest } from "../../domain/metrics-request.ts";
import type { MetricsQuery } from "../../metrics/metrics-query.ts";
import { answer, type Call, type Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

type Services = Pick<HttpServices, "metrics" | "reasons" | "calibration" | "survival">;

/** `GET /v1/metrics`, `/v1/reasons`, `/v1/calibration`, `/v1/survival` */
export function metricsRoutes(services: Services, now: () => number): readonly Route[] {
  const ask = (call: Call, bucket: MetricsBucket): MetricsRequest & { readonly zone: string } => {
    const request = parseMetricsRequest(call.query, { now: new Date(now()), place: (name) => name, bucket });
    return { ...request, zone: request.zone ?? "UTC" };
  };
  const query = (call: Call, request: MetricsRequest): MetricsQuery => ({
    ...request,
    projectId: call.caller.projectId,
    now: new Date(now()),
  });
  return [
    {
      ...about("metrics", "readMetrics", "Rates, counts, durations and costs by time and dimension", metricsAnswer),
      async handle(call) {
        const request = ask(call, "hour");
        return answer(call, metricsAnswer, { ...request, rows: await services.metrics(query(call, request)) });
      },
    },
    {
      ...about("reasons", "readReasons", "Why suggestions were revised or rejected", reasonsAnswer),
      async handle(call) {
        const request = ask(call, "total");
        return answer(call, reasonsAnswer, { ...request, rows: await services.reasons(query(call, request)) });
      },
    },
    {
      ...about("calibration", "readCalibration", "How often confidences are right", calibrationAnswer),
      async handle(call) {
        const request = ask(call, "total");
        return answer(call, calibrationAnswer, { ...request, rows: await services.calibration(query(call, request)) });
      },
    },
    {
      ...about(
        "survival",
        "readSurvival",
        "Time to feedback, the still open suggestions taken into account",
        survivalAnswer,
      ),
      async handle(call) {
        const request = ask(call, "total");
        return answer(call, survivalAnswer, { ...request, rows: await services.survival(query(call, request)) });
      },
    },
  ];
}

const about = (name: string, operationId: string, summary: string, schema: z.ZodType) => ({
  method: "get" as const,
  path: `/v1/${name}`,
  operationId,
  summary,
  description: "Every figure is defined in docs/metrics.md. Null is unknown, and never zero.",
  scopes: ["read" as const],
  query: metricsQuery,
  answers: { 200: { description: "What was asked, as it was understood, and the rows", schema } },
});
