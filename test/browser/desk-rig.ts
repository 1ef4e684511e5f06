import { readConfig } from "../../src/config/read-config.ts";
import { importSampleDesk, SAMPLE_AGENT_ID, sampleTicketId } from "../../src/desk/sample.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { createPrometheus } from "../../src/http/prometheus.ts";
import { deskRoutes } from "../../src/http/routes/desk.ts";
import { assemble } from "../../src/server/assemble.ts";
import { createClosers } from "../../src/server/closers.ts";
import { createDeskServices } from "../../src/server/desk-services.ts";
import { openDesk } from "../../src/server/open-desk.ts";
import { serveHttp } from "../../src/server/serve-http.ts";
import { newDataFolder } from "./running-demo.ts";

/** The sample desk with its real parts and the built dashboard, on a port. */
export async function serveDesk() {
  const dataDir = newDataFolder();
  const config = readConfig({ environment: { UPTAKE_DATA_DIR: dataDir } });
  const closers = createClosers();
  const parts = assemble(config, { log: silentLogger, worker: false });
  closers.push(() => parts.close());
  await parts.start();
  const desk = await openDesk(parts, config, { closers, log: silentLogger });
  await importSampleDesk(desk.store, { at: new Date() });
  const waiting = new Map((await desk.store.waitingMessages(500)).map((one) => [one.ticketId, one.messageId]));
  const routes = deskRoutes(createDeskServices(parts, desk, config));
  const settings = { port: 0, host: "127.0.0.1", log: silentLogger, target: null, prometheus: createPrometheus() };
  const server = await serveHttp(parts, config, { ...settings, routes });
  closers.push(() => server.close());

  /** A waiting ticket of the sample, with a suggestion that nobody has looked at. */
  async function suggested(number: number) {
    const ticketId = sampleTicketId(number);
    const { suggestionId, text } = await desk.generate({ ticketId, messageId: waiting.get(ticketId) ?? "" });
    return { ticketId, suggestionId, text, url: `${server.url}/desk/${ticketId}` };
  }

  const messagesOf = (ticketId: string) =>
    parts.db.query<{ content: string; userId: string }>(
      `select content, user_id as "userId" from ticket_messages where ticket_id = $1 and user_id not like '%@%' and user_id <> $2
       order by position`,
      [ticketId, SAMPLE_AGENT_ID],
    );
  const feedbackOn = (suggestionId: string) =>
    parts.db.query<{ type: string; source: string; reasons: string[]; comment: string | null; agent: string }>(
      `select feedback_type as type, source, uptake_feedback_reasons(e) as reasons, comment, agent_id as agent
       from ai_feedback_events e where suggestion_id = $1 order by created_at`,
      [suggestionId],
    );
  return { url: server.url, db: parts.db, desk, suggested, messagesOf, feedbackOn, close: () => closers.close() };
}

export type ServedDesk = Awaited<ReturnType<typeof serveDesk>>;
