import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { Context } from "hono";
import { INGESTION_VERSION_HEADER } from "../otlp-attributes.ts";
import type { StandInContext } from "./context.ts";
import { attributeMap, exportSchema, type IncomingResourceSpan } from "./otlp-check.ts";
import { spanToObservation } from "./span-to-observation.ts";
import type { StandInStore } from "./store.ts";
import type { StoredObservation } from "./stored.ts";

const inflate = promisify(gunzip);
const NEWEST_INGESTION_VERSION = 4;

/** `POST /otel/v1/traces`: OTLP/JSON, plain or gzip. All of it or, with one bad span, nothing of it. */
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
  const parsed = exportSchema.safeParse(body);
  if (!parsed.success) {
    const problems = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    const error = `Invalid OTLP trace export: ${problems.join("; ")}. The entire export was rejected and no spans were ingested.`;
    return c.json({ error }, 400);
  }
  const receivedAt = new Date().toISOString();
  store.addObservations((parsed.data.resourceSpans ?? []).flatMap((resource) => toRows(resource, receivedAt)));
  return c.json({});
}

function toRows(resourceSpan: IncomingResourceSpan, receivedAt: string): StoredObservation[] {
  const resource = attributeMap(resourceSpan.resource?.attributes);
  return (resourceSpan.scopeSpans ?? []).flatMap(({ scope, spans }) => {
    const known = {
      name: scope?.name ?? "",
      version: scope?.version ?? "",
      attributes: attributeMap(scope?.attributes),
    };
    return (spans ?? []).map((span) =>
      spanToObservation({ span, attributes: attributeMap(span.attributes), resource, scope: known, receivedAt }),
    );
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
