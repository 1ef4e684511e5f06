import { probeRoutes } from "./probes.ts";
import type { Route } from "./route.ts";
import { readDoctor } from "./routes/doctor.ts";
import { listSuggestions, readSuggestion } from "./routes/browse-suggestions.ts";
import { live } from "./routes/live.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { readMirror, retryMirror } from "./routes/mirror.ts";
import { recordFeedback } from "./routes/record-feedback.ts";
import { recordSent } from "./routes/record-sent.ts";
import { recordShown } from "./routes/record-shown.ts";
import { recordSuggestions } from "./routes/record-suggestions.ts";
import { readSetUp } from "./routes/set-up.ts";
import type { HttpServices } from "./services.ts";

/** Every route of the API, in the order of its document. */
export const apiRoutes = (services: HttpServices, now: () => number): readonly Route[] => [
  recordSuggestions(services),
  recordFeedback(services),
  recordSent(services),
  recordShown(services),
  listSuggestions(services, now),
  readSuggestion(services),
  ...metricsRoutes(services, now),
  readMirror(services),
  retryMirror(services),
  readSetUp(services),
  readDoctor(services),
  live(services),
  ...probeRoutes(services),
];
