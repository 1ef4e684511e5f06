/**
 * Attribute names by which Langfuse knows the parts of a span, and the route and header values that go with them.
 * Source: langfuse/langfuse v4.16.0, packages/shared/src/server/otel/attributes.ts; the same names as
 * `LangfuseOtelSpanAttributes` of @langfuse/core, which a test compares (the package itself is not needed to run).
 */
export const ATTRIBUTE = {
  traceName: "langfuse.trace.name",
  traceTags: "langfuse.trace.tags",
  traceMetadata: "langfuse.trace.metadata",
  userId: "user.id",
  sessionId: "session.id",
  environment: "langfuse.environment",
  release: "langfuse.release",
  version: "langfuse.version",
  isAppRoot: "langfuse.internal.is_app_root",
  type: "langfuse.observation.type",
  input: "langfuse.observation.input",
  output: "langfuse.observation.output",
  metadata: "langfuse.observation.metadata",
  level: "langfuse.observation.level",
  statusMessage: "langfuse.observation.status_message",
  model: "langfuse.observation.model.name",
  modelParameters: "langfuse.observation.model.parameters",
  usageDetails: "langfuse.observation.usage_details",
  costDetails: "langfuse.observation.cost_details",
  completionStartTime: "langfuse.observation.completion_start_time",
  promptName: "langfuse.observation.prompt.name",
  promptVersion: "langfuse.observation.prompt.version",
} as const;

/** With this header Langfuse writes spans directly, as version 4 does, instead of merging them for ten minutes. */
export const INGESTION_VERSION_HEADER = "x-langfuse-ingestion-version";
export const INGESTION_VERSION = "4";

export const OTLP_TRACES_PATH = "/api/public/otel/v1/traces";
export const INGESTION_PATH = "/api/public/ingestion";
export const OBSERVATIONS_PATH = "/api/public/v2/observations";
export const SCORES_PATH = "/api/public/v3/scores";
/** The routes of Langfuse 3, answered with 404 where only the newer tables are written. */
export const LEGACY_OBSERVATIONS_PATH = "/api/public/observations";
export const LEGACY_SCORES_PATH = "/api/public/v2/scores";
export const TRACES_PATH = "/api/public/traces";
export const SCORE_CONFIGS_PATH = "/api/public/score-configs";
export const PROMPTS_PATH = "/api/public/v2/prompts";
export const HEALTH_PATH = "/api/public/health";
export const PROJECTS_PATH = "/api/public/projects";
