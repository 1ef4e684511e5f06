import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import type { Arm, Place } from "../tracking/arm.ts";
import { createRawOtelArm } from "./raw-otel.ts";

export const createArm = ({ sinkUrl }: Place): Arm =>
  createRawOtelArm(new OTLPTraceExporter({ url: `${sinkUrl}/v1/traces` }));
