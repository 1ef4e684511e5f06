import type { MetricsRequest } from "../domain/metrics-request.ts";
import type { MetricsRow } from "../metrics/metrics-row.ts";
import type { MirrorStatus } from "../mirror/mirror.ts";
import type { ProbeServices } from "./probes.ts";

export type HttpMirrorStatus = MirrorStatus & {
  /** Address of the Langfuse that is mirrored into; `null` when none is set. */
  readonly target: string | null;
};

/** What the routes need; they parse and reply, these compute. */
export type HttpServices = ProbeServices & {
  metrics(request: MetricsRequest): Promise<readonly MetricsRow[]>;
  mirrorStatus(): Promise<HttpMirrorStatus>;
};
