import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { createDialectProbe, type DialectProbe, type LangfuseDialect } from "./dialect.ts";
import { type LangfuseHealth, readHealth } from "./health.ts";
import {
  INGESTION_PATH,
  INGESTION_VERSION,
  INGESTION_VERSION_HEADER,
  LEGACY_OBSERVATIONS_PATH,
  LEGACY_SCORES_PATH,
  OBSERVATIONS_PATH,
  OTLP_TRACES_PATH,
  SCORES_PATH,
} from "./otlp-attributes.ts";
import type { OtlpSpan } from "./otlp-types.ts";
import { spansRequest } from "./otlp.ts";
import { type ReadBackRow, readObservationRows, readScoreRows } from "./read-back-rows.ts";
import { type Get, type Outcome, readAllIds, readNumberedIds } from "./read-ids.ts";
import { answerToIngestion } from "./ingestion-answer.ts";
import type { ScoreEvent } from "./scores.ts";
import { answerToError, answerToStatus, parseObject, type SendAnswer } from "./send-answer.ts";
import { UPTAKE_VERSION } from "./version.ts";

export type LangfuseClientOptions = {
  /** Such as `https://cloud.langfuse.com`, without a path. */
  readonly baseUrl: string;
  readonly publicKey: string;
  readonly secretKey: string;
  readonly fetch: typeof globalThis.fetch;
  /** For one request, its answer included. */
  readonly timeoutMs: number;
  readonly now?: () => number;
};

export type LangfuseClient = {
  /** Exports whole traces in one request. Never throws for what a network or Langfuse can do. */
  sendSpans(traces: readonly (readonly OtlpSpan[])[]): Promise<SendAnswer>;
  /** Sends scores in one request; those that Langfuse refused are in `rejected` by event id. Never throws, likewise. */
  sendScores(events: readonly ScoreEvent[]): Promise<SendAnswer>;
  /** How this Langfuse is read; asked once, and again after a read that failed. Throws `mirror_failed`. */
  dialect(): Promise<LangfuseDialect>;
  /**
   * Ids of the trace's observations as Langfuse has them now, one for each row that it shows: one stored twice comes twice
   * from Langfuse 4, and once where Langfuse 3 merges. Throws `mirror_failed`.
   */
  findObservations(traceId: string): Promise<string[]>;
  /** Ids of the trace's scores. Throws `mirror_failed`. */
  findScores(traceId: string): Promise<string[]>;
  /** The trace's observations with their key facts, one for each row; Langfuse 4 only. Throws `mirror_failed`. */
  readObservations(traceId: string): Promise<readonly ReadBackRow[]>;
  /** The scores with these ids (at most `MAX_SCORE_IDS`) with their key facts; Langfuse 4 only. Throws `mirror_failed`. */
  readScores(ids: readonly string[]): Promise<readonly ReadBackRow[]>;
  /** Whether Langfuse is there and takes the keys. Never throws, likewise. */
  health(): Promise<LangfuseHealth>;
  /** Ends the requests under way now; what was sent with them is `unsure`. */
  giveUp(): void;
};

const gzipped = promisify(gzip);

/** Level 3 takes two thirds of the default's time for 8 % more bytes; one chunk for most bodies, not one for every 16 kB. */
const compress = (text: string): Promise<Buffer> => gzipped(text, { level: 3, chunkSize: 262_144 });

/** Talks to Langfuse over plain `fetch`: nothing is kept in memory, and every answer is handed to the caller. */
export function createLangfuseClient(options: LangfuseClientOptions): LangfuseClient {
  const transport = createTransport(options);
  const probe = createDialectProbe(transport.get, options.now ?? Date.now);
  return {
    sendSpans: (traces) => sendSpans(transport, traces),
    sendScores: (events) => sendScores(transport, events),
    dialect: probe.current,
    findObservations: (traceId) =>
      readBy(probe, {
        v4: () => readAllIds(transport.get, OBSERVATIONS_PATH, { traceId, fields: "core", limit: "1000" }),
        v3: () => readNumberedIds(transport.get, LEGACY_OBSERVATIONS_PATH, { traceId, limit: "100" }),
      }),
    findScores: (traceId) =>
      readBy(probe, {
        v4: () => readAllIds(transport.get, SCORES_PATH, { traceId, limit: "100" }),
        v3: () => readNumberedIds(transport.get, LEGACY_SCORES_PATH, { traceId, fields: "score", limit: "100" }),
      }),
    readObservations: (traceId) => readObservationRows(transport.get, traceId),
    readScores: (ids) => readScoreRows(transport.get, ids),
    health: () => readHealth(transport.get),
    giveUp: transport.giveUp,
  };
}

/** A failed read may mean that another Langfuse answers there by now, so the next one asks again which. */
async function readBy(
  probe: DialectProbe,
  reads: Readonly<Record<LangfuseDialect, () => Promise<string[]>>>,
): Promise<string[]> {
  try {
    return await reads[await probe.current()]();
  } catch (error) {
    probe.forget();
    throw error;
  }
}

type Transport = {
  readonly get: Get;
  readonly post: (
    path: string,
    body: string | Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Outcome>;
  readonly giveUp: () => void;
};

function createTransport(options: LangfuseClientOptions): Transport {
  const baseUrl = options.baseUrl.replace(/\/+$/, "");
  const now = options.now ?? Date.now;
  const headers = {
    authorization: `Basic ${Buffer.from(`${options.publicKey}:${options.secretKey}`).toString("base64")}`,
    accept: "application/json",
    "user-agent": `uptake/${UPTAKE_VERSION}`,
  };

  const underWay = new Set<AbortController>();

  async function send(what: string, url: string, init: RequestInit): Promise<Outcome> {
    const request = new AbortController();
    const timer = setTimeout(
      () => request.abort(new DOMException("no answer in time", "TimeoutError")),
      options.timeoutMs,
    ).unref();
    underWay.add(request);
    let response: Response;
    let body: string;
    try {
      // A redirect is not followed: it would turn the POST into a GET, and its 200 into a lie.
      response = await options.fetch(url, { ...init, redirect: "manual", signal: request.signal });
      body = await response.text();
    } catch (error) {
      return answerToError(error, what);
    } finally {
      clearTimeout(timer);
      underWay.delete(request);
    }
    if (response.ok) return { body };
    return answerToStatus(response, body, { what, baseUrl, now: now() });
  }

  return {
    get: (path, query = {}) => {
      const search = new URLSearchParams(query).toString();
      return send(`GET ${baseUrl}${path}`, `${baseUrl}${path}${search === "" ? "" : `?${search}`}`, { headers });
    },
    post: (path, body, extra = {}) =>
      send(`POST ${baseUrl}${path}`, `${baseUrl}${path}`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json", ...extra },
        body,
      }),
    giveUp() {
      for (const request of underWay) request.abort(new Error("given up, as the mirror stops"));
    },
  };
}

async function sendSpans(transport: Transport, traces: readonly (readonly OtlpSpan[])[]): Promise<SendAnswer> {
  if (traces.every((spans) => spans.length === 0)) return { kind: "accepted", rejected: new Map() };
  const body = await compress(JSON.stringify(spansRequest(traces)));
  const outcome = await transport.post(OTLP_TRACES_PATH, body, {
    "content-encoding": "gzip",
    [INGESTION_VERSION_HEADER]: INGESTION_VERSION,
  });
  if ("kind" in outcome) return outcome;
  // Langfuse answers with JSON; anything else came from something in between.
  if (outcome.body !== "" && parseObject(outcome.body) === undefined) {
    return {
      kind: "unsure",
      message: `POST ${OTLP_TRACES_PATH}: the answer is not Langfuse's; check LANGFUSE_BASE_URL`,
    };
  }
  return { kind: "accepted", rejected: new Map() };
}

/** Not compressed: this route of Langfuse does not inflate. */
async function sendScores(transport: Transport, events: readonly ScoreEvent[]): Promise<SendAnswer> {
  if (events.length === 0) return { kind: "accepted", rejected: new Map() };
  const outcome = await transport.post(INGESTION_PATH, JSON.stringify({ batch: events }));
  return "kind" in outcome ? outcome : answerToIngestion(outcome.body, events);
}
