import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { Context } from "hono";
import type { LangfuseDialect } from "../dialect.ts";
import { INGESTION_VERSION_HEADER } from "../otlp-attributes.ts";
import type { StandInContext } from "./context.ts";
import { attributeMap, exportSchemaWith, type IncomingResourceSpan } from "./otlp-check.ts";
import { type SpanContext, spanToObservation } from "./span-to-observation.ts";
import { spanToTrace } from "./span-to-trace.ts";
import type { StandInStore } from "./store.ts";

const inflate = promisify(gunzip);
const NEWEST_INGESTION_VERSION = 4;
const MAX_TRACE_NAME_CHARS = 1000;

/**
 * `POST /otel/v1/traces`: OTLP/JSON, plain or gzip. All of it or, with one bad span, nothing of it. Langfuse 4 refuses it
 * then; Langfuse 3 says 200, and its worker gives up on all of it without a word.
 */
export async function exportSpans(c: Context<StandInContext>, store: StandInStore): Promise<Response> {
  const contentType = c.req.header("content-type")?.toLowerCase() ?? "";
  if (!contentType.includes("application/json")) {
    const hint = contentType.includes("application/x-protobuf") ? " (this stand-in reads OTLP/JSON only)" : "";
    return c.json({ error: `Invalid content type${hint}` }, 400);
  }
  const version = Number(c.req.header(INGESTION_VERSION_HEADER) ?? "0");
  if (!Number.isInteger(version) || version > NEWEST_INGESTION_VERSION) {
    return c.json({ error: `Invalid ${INGESTION_VERSION_HEADER}; the newest is ${NEWEST_INGESTION_VERSION}` }, 400);
  }
  const body = await readJson(c);
  if (body === undefined) return c.json({ error: "Failed to parse OTel JSON Trace" }, 400);
  const parsed = exportSchemaWith(c.get("badSpans")).safeParse(body);
  if (!parsed.success && store.dialect === "v3") return c.json({});
  if (!parsed.success) {
    const problems = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    const error = `Invalid OTLP trace export: ${problems.join("; ")}. The entire export was rejected and no spans were ingested.`;
    return c.json({ error }, 400);
  }
  const receivedAt = new Date().toISOString();
  const contexts = (parsed.data.resourceSpans ?? []).flatMap((part) => toContexts(part, receivedAt, store.dialect));
  const taken = contexts.map((context) => ({ context, row: spanToObservation(context) }));
  store.addObservations(taken.map(({ row }) => row));
  if (store.dialect === "v3") {
    const traces = taken.map(({ context, row }) => spanToTrace(context, row));
    // The worker drops a trace with a longer name, without a word.
    store.addTraces(traces.filter(({ name }) => (name?.length ?? 0) <= MAX_TRACE_NAME_CHARS));
  }
  return c.json({});
}

function toContexts(part: IncomingResourceSpan, receivedAt: string, dialect: LangfuseDialect): SpanContext[] {
  const resource = attributeMap(part.resource?.attributes);
  return (part.scopeSpans ?? []).flatMap(({ scope, spans }) => {
    const known = {
      name: scope?.name ?? "",
      version: scope?.version ?? "",
      attributes: attributeMap(scope?.attributes),
    };
    return (spans ?? []).map((span) => {
      const attributes = attributeMap(span.attributes);
      return { span, attributes, resource, scope: known, receivedAt, dialect };
    });
  });
}

async function readJson(c: Context<StandInContext>): Promise<unknown> {
  try {
    const raw = Buffer.from(await c.req.arrayBuffer());
    const isGzip = c.req.header("content-encoding")?.includes("gzip") ?? false;
    return JSON.parse((isGzip ? await inflate(raw) : raw).toString("utf8"));
  } catch {
    return undefined;
  }
}
