import { bodyFor } from "./compression.ts";
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
  TRACES_PATH,
} from "./otlp-attributes.ts";
import { spansRequestJson } from "./otlp.ts";
import type { Outgoing } from "./outgoing.ts";
import {
  type ReadBackRow,
  readLegacyObservationRows,
  readLegacyScoreRows,
  readObservationRows,
  readScoreRows,
} from "./read-back-rows.ts";
import { type Get, type Outcome, readCursorPages, readNumberedPages, type Row } from "./read-pages.ts";
import { answerToIngestion } from "./ingestion-answer.ts";
import { createLastMoment, type MaySend } from "./last-moment.ts";
import { createScoreConfig, listScoreConfigs } from "./score-config-api.ts";
import type { FoundScoreConfig, WantedScoreConfig } from "./score-configs.ts";
import {
  type Answered,
  answerToError,
  answerToStatus,
  parseObject,
  type SendAnswer,
  type Withheld,
} from "./send-answer.ts";
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
  /** Where it talks to, without a slash at its end. */
  readonly baseUrl: string;
  /** Exports spans in one request. Never throws for what a network or Langfuse can do. */
  sendSpans(spans: readonly Outgoing[], maySend?: MaySend): Promise<SendAnswer>;
  /** Sends scores in one request; those that Langfuse refused are in `rejected` by event id. Never throws, likewise. */
  sendScores(scores: readonly Outgoing[], maySend?: MaySend): Promise<SendAnswer>;
  /** How this Langfuse is read; asked once, and again after a read that failed. Throws `mirror_failed`. */
  dialect(): Promise<LangfuseDialect>;
  /**
   * Ids of the trace's observations as Langfuse has them now, one for each row that it shows: one stored twice comes twice
   * from Langfuse 4, and once where Langfuse 3 merges. Throws `mirror_failed`.
   */
  findObservations(traceId: string): Promise<string[]>;
  /** Ids of the trace's scores. Throws `mirror_failed`. */
  findScores(traceId: string): Promise<string[]>;
  /** The trace's observations with their key facts, one for each row, likewise. Throws `mirror_failed`. */
  readObservations(traceId: string): Promise<readonly ReadBackRow[]>;
  /** The scores with these ids (at most `MAX_SCORE_IDS`) with their key facts. Throws `mirror_failed`. */
  readScores(ids: readonly string[]): Promise<readonly ReadBackRow[]>;
  /** Asks for these traces (at most 1000) to be deleted with their scores; Langfuse does so later. Never throws, likewise. */
  deleteTraces(traceIds: readonly string[]): Promise<Answered>;
  /** Every score config of the project, archived ones included. Throws `mirror_failed`. */
  listScoreConfigs(): Promise<readonly FoundScoreConfig[]>;
  /** Creates a score config, also where one of its name is there. Throws `mirror_failed`. */
  createScoreConfig(wanted: WantedScoreConfig): Promise<FoundScoreConfig>;
  /** Whether Langfuse is there and takes the keys. Never throws, likewise. */
  health(): Promise<LangfuseHealth>;
  /** Ends the requests under way now; what was sent with them is `unsure`. */
  giveUp(): void;
};

/** Talks to Langfuse over plain `fetch`: nothing is kept in memory, and every answer is handed to the caller. */
export function createLangfuseClient(options: LangfuseClientOptions): LangfuseClient {
  const transport = createTransport(options);
  const { get } = transport;
  const probe = createDialectProbe(get, options.now ?? Date.now);
  return {
    baseUrl: transport.baseUrl,
    sendSpans: (spans, maySend) => sendSpans(transport, spans, maySend),
    sendScores: (scores, maySend) => sendScores(transport, scores, maySend),
    dialect: probe.current,
    findObservations: (traceId) =>
      readBy(probe, {
        v4: () => readCursorPages(get, OBSERVATIONS_PATH, { traceId, fields: "core", limit: "1000" }),
        v3: () => readNumberedPages(get, LEGACY_OBSERVATIONS_PATH, { traceId, limit: "100" }),
      }).then(idsOf),
    findScores: (traceId) =>
      readBy(probe, {
        v4: () => readCursorPages(get, SCORES_PATH, { traceId, limit: "100" }),
        v3: () => readNumberedPages(get, LEGACY_SCORES_PATH, { traceId, fields: "score", limit: "100" }),
      }).then(idsOf),
    readObservations: (traceId) =>
      readBy(probe, {
        v4: () => readObservationRows(get, traceId),
        v3: () => readLegacyObservationRows(get, traceId),
      }),
    readScores: (ids) => readBy(probe, { v4: () => readScoreRows(get, ids), v3: () => readLegacyScoreRows(get, ids) }),
    deleteTraces: (traceIds) => deleteTraces(transport, traceIds),
    listScoreConfigs: () => listScoreConfigs(get),
    createScoreConfig: (wanted) => createScoreConfig(transport.ask, wanted),
    health: () => readHealth(get),
    giveUp: transport.giveUp,
  };
}

/** A failed read may mean that another Langfuse answers there by now, so the next one asks again which. */
async function readBy<Result>(
  probe: DialectProbe,
  reads: Readonly<Record<LangfuseDialect, () => Promise<Result>>>,
): Promise<Result> {
  try {
    return await reads[await probe.current()]();
  } catch (error) {
    probe.forget();
    throw error;
  }
}

const idsOf = (rows: readonly Row[]): string[] => rows.map(({ id }) => id);

type Transport = {
  readonly baseUrl: string;
  readonly get: Get;
  readonly post: (request: Post) => Promise<Outcome | Withheld>;
  /** For what is no message of the outbox: nothing to hold back. */
  readonly ask: (method: "POST" | "DELETE", path: string, body: string) => Promise<Outcome>;
  readonly giveUp: () => void;
};

type Post = {
  readonly path: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly maySend?: MaySend | undefined;
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
    baseUrl,
    get: (path, query = {}) => {
      const search = new URLSearchParams(query).toString();
      return send(`GET ${baseUrl}${path}`, `${baseUrl}${path}${search === "" ? "" : `?${search}`}`, { headers });
    },
    async post({ path, body, headers: extra, maySend = () => true }) {
      const last = createLastMoment(typeof body === "string" ? Buffer.from(body) : body, maySend);
      const outcome = await send(`POST ${baseUrl}${path}`, `${baseUrl}${path}`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json", ...extra, ...last.headers },
        ...last.init,
      });
      return last.wasWithheld() ? { kind: "withheld" } : outcome;
    },
    ask: (method, path, body) =>
      send(`${method} ${baseUrl}${path}`, `${baseUrl}${path}`, {
        method,
        headers: { ...headers, "content-type": "application/json" },
        body,
      }),
    giveUp() {
      for (const request of underWay) request.abort(new Error("given up, as the mirror stops"));
    },
  };
}

async function sendSpans(transport: Transport, spans: readonly Outgoing[], maySend?: MaySend): Promise<SendAnswer> {
  if (spans.length === 0) return { kind: "accepted", rejected: new Map() };
  const { body, headers } = await bodyFor(transport.baseUrl, spansRequestJson(spans.map(({ json }) => json)));
  const outcome = await transport.post({
    path: OTLP_TRACES_PATH,
    body,
    headers: { ...headers, [INGESTION_VERSION_HEADER]: INGESTION_VERSION },
    maySend,
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
async function sendScores(transport: Transport, scores: readonly Outgoing[], maySend?: MaySend): Promise<SendAnswer> {
  if (scores.length === 0) return { kind: "accepted", rejected: new Map() };
  const body = `{"batch":[${scores.map(({ json }) => json).join(",")}]}`;
  const outcome = await transport.post({ path: INGESTION_PATH, body, maySend });
  return "kind" in outcome ? outcome : answerToIngestion(outcome.body, scores);
}

async function deleteTraces(transport: Transport, traceIds: readonly string[]): Promise<Answered> {
  if (traceIds.length === 0) return { kind: "accepted", rejected: new Map() };
  const outcome = await transport.ask("DELETE", TRACES_PATH, JSON.stringify({ traceIds }));
  return "kind" in outcome ? outcome : { kind: "accepted", rejected: new Map() };
}
