import { whenAborted } from "../cli/interrupt.ts";
import type { DemoReport } from "../cli/services.ts";
import type { Config } from "../config/config.ts";
import type { ConfigSources } from "../config/read-config.ts";
import { DEMO_DATA_DIR } from "../config/options.ts";
import { readCitedSources } from "../desk/queries/read-cited-sources.ts";
import { importSampleDesk, loadSampleDesk, SAMPLE_AGENT_ID, sampleTicketId } from "../desk/sample.ts";
import { scriptedAct, type ScriptedAct } from "../desk/scripted-agent.ts";
import type { Logger } from "../domain/logger.ts";
import { createTaskPool } from "../domain/task-pool.ts";
import { deskRoutes } from "../http/routes/desk.ts";
import { createPrometheus } from "../http/prometheus.ts";
import { createStandInLangfuse } from "../langfuse/stand-in/stand-in.ts";
import { readMetrics } from "../metrics/read-metrics.ts";
import { metricsTable } from "../metrics/table.ts";
import type { Suggestion } from "../track/types.ts";
import { assemble, type Parts } from "./assemble.ts";
import type { Closers } from "./closers.ts";
import { createDeskServices } from "./desk-services.ts";
import { openDesk, type Desk } from "./open-desk.ts";
import { serveHttp } from "./serve-http.ts";
import { storePlace } from "./store-place.ts";

export type DemoOptions = {
  readonly once: boolean;
  readonly port: number;
  readonly report: DemoReport;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly closers: Closers;
  readonly sources: ConfigSources | undefined;
};

const SUGGESTIONS_AT_ONCE = 4;
const MOST_TICKETS = 500;
/** How long `--once` waits for Langfuse; what is left stays in the outbox. */
const MIRROR_DEADLINE_MS = 60_000;

type Suggested = { readonly ticketId: string; readonly suggestion: Suggestion };

/**
 * The whole loop on the sample desk: suggestions for its open tickets, agents' acts, mirror, metrics. Where no keys are
 * set, an offline model answers and a stand-in plays Langfuse, both over HTTP on loopback.
 */
export async function runDemo(given: Config, options: DemoOptions): Promise<void> {
  const { once, report, signal, log, closers, sources } = options;
  const standIn = given.langfuse === null;
  const langfuse = given.langfuse ?? (await startStandIn(closers));
  const config = { ...given, langfuse };
  const prometheus = createPrometheus();
  const { instruments } = prometheus;
  const parts = assemble(config, {
    log,
    worker: true,
    kind: "demo",
    fresh: config.dataDir === DEMO_DATA_DIR,
    instruments,
  });
  closers.push(() => parts.close());
  await parts.start();
  const desk = await openDesk(parts, config, { closers, log });
  const model = { name: desk.model.name, offline: config.openai === null };
  report({ kind: "started", store: storePlace(config), model, langfuse: { standIn, baseUrl: langfuse.baseUrl } });
  if (!once) {
    const server = await serveHttp(parts, config, {
      port: options.port,
      host: "127.0.0.1",
      log,
      target: langfuse.baseUrl,
      prometheus,
      sources,
      routes: deskRoutes(createDeskServices(parts, desk, config)),
    });
    closers.push(() => server.close());
    report({ kind: "listening", url: server.url });
  }
  const before = await statusOf(parts);
  const startedAt = new Date();
  await importSampleDesk(desk.store, { at: startedAt });
  const suggested = await suggestReplies(desk, report, signal);
  await act(parts, desk, suggested, report);
  await reportNumbers(parts, config, startedAt, report);
  await reportMirror(parts, { before, target: langfuse.baseUrl, report, signal });
  if (!once) await whenAborted(signal);
}

async function startStandIn(closers: Closers) {
  const standIn = createStandInLangfuse();
  closers.push(() => standIn.close());
  return standIn.start();
}

async function suggestReplies(desk: Desk, report: DemoReport, signal: AbortSignal): Promise<readonly Suggested[]> {
  const waiting = await desk.store.waitingMessages(MOST_TICKETS);
  const suggested: Suggested[] = [];
  let errorCount = 0;
  const pool = createTaskPool(SUGGESTIONS_AT_ONCE);
  const suggest = async ({ ticketId, messageId }: (typeof waiting)[number]) => {
    try {
      suggested.push({ ticketId, suggestion: await desk.generate({ ticketId, messageId }) });
    } catch {
      // Recorded with the suggestion, as any application's error would be; the demo goes on.
      errorCount += 1;
    }
    report({ kind: "suggesting", done: suggested.length + errorCount, total: waiting.length });
  };
  for (const message of waiting) {
    if (!signal.aborted) await pool.run(() => suggest(message));
  }
  await pool.idle();
  report({ kind: "suggested", suggestionCount: suggested.length, errorCount });
  return suggested;
}

/** Every agent of the sample desk decides; what they send goes to the ticket and to Uptake, as an application would. */
async function act(parts: Parts, desk: Desk, suggested: readonly Suggested[], report: DemoReport): Promise<void> {
  const scripts = new Map(loadSampleDesk().tickets.map((ticket) => [sampleTicketId(ticket.number), ticket]));
  const sources = await readCitedSources(
    parts.db,
    suggested.map(({ suggestion }) => suggestion.suggestionId),
  );
  const counts = { sentAsItIsCount: 0, editedCount: 0, rejectedCount: 0, leftCount: 0 };
  for (const { ticketId, suggestion } of suggested) {
    const script = scripts.get(ticketId);
    if (script === undefined) continue;
    const { suggestionId, text } = suggestion;
    const act = scriptedAct({ text, sourceIds: sources.get(suggestionId) ?? [] }, script);
    counts[await recordAct(parts, desk, { ticketId, suggestionId }, act)] += 1;
  }
  report({ kind: "acted", ...counts });
}

type ActCount = "sentAsItIsCount" | "editedCount" | "rejectedCount" | "leftCount";

async function recordAct(
  { feedback }: Parts,
  { store }: Desk,
  { ticketId, suggestionId }: { readonly ticketId: string; readonly suggestionId: string },
  act: ScriptedAct,
): Promise<ActCount> {
  if (act.kind === "none") return "leftCount";
  const { finalText } = act;
  const agentId = SAMPLE_AGENT_ID;
  await store.postReply({ ticketId, agentId, text: finalText, at: new Date() });
  if (act.kind === "sent") {
    await feedback.sent({ suggestionId, finalText, agentId });
    return "sentAsItIsCount";
  }
  const { type, reason } = act;
  await feedback.feedback({ suggestionId, type, reason, finalText, agentId });
  return type === "revision" ? "editedCount" : "rejectedCount";
}

async function reportNumbers(parts: Parts, { projectId }: Config, from: Date, report: DemoReport): Promise<void> {
  await parts.roller.rollAll();
  // The hours of this run only: the day before it would be a table of empty lines.
  const request = { from, to: new Date(), bucket: "hour" as const, by: ["function" as const] };
  const rows = await readMetrics(parts.db, { ...request, projectId });
  report({ kind: "measured", table: metricsTable(rows, request) });
}

const statusOf = async ({ mirror }: Parts) => (mirror === null ? null : mirror.status());
type Status = Awaited<ReturnType<typeof statusOf>>;

async function reportMirror(
  parts: Parts,
  job: { readonly before: Status; readonly target: string; readonly report: DemoReport; readonly signal: AbortSignal },
): Promise<void> {
  await parts.mirror?.drain(AbortSignal.any([job.signal, AbortSignal.timeout(MIRROR_DEADLINE_MS)]));
  const after = await statusOf(parts);
  const before = job.before;
  if (after === null || before === null) return;
  job.report({
    kind: "mirrored",
    traceCount: after.deliveredTraces - before.deliveredTraces,
    scoreCount: after.deliveredScores - before.deliveredScores,
    target: job.target,
    waitingCount: after.waiting,
    deadCount: after.dead,
  });
}
