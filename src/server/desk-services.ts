import type { Config } from "../config/config.ts";
import { DEFAULT_CATEGORIES } from "../desk/categories.ts";
import type { DeskService } from "../desk/desk-service.ts";
import { createTicketDesk, type TicketDesk } from "../desk/ticket-desk.ts";
import { UptakeError } from "../domain/errors.ts";
import { createReasonReader } from "../domain/reasons.ts";
import { createFeedbackService } from "../feedback/feedback-service.ts";
import type { FeedbackReceipt } from "../feedback/write-events.ts";
import type { DeskServices } from "../http/desk-services.ts";
import { isAdopted } from "../store/adoption/adopted.ts";
import type { Queryable } from "../store/database.ts";
import { readFeedbackHistory } from "../store/queries/read-feedback-history.ts";
import type { Parts } from "./assemble.ts";
import { withDeskReasons } from "./desk-reasons.ts";
import { definedIn, deskService } from "./function-services.ts";
import type { Desk } from "./open-desk.ts";

type ProjectDesk = { readonly tickets: TicketDesk<FeedbackReceipt>; readonly functions: DeskService };

/** What the routes of the desk need, for every project in the database. */
export function createDeskServices(
  parts: Pick<Parts, "db" | "reading" | "tracker" | "privacy">,
  desk: Pick<Desk, "ofProject">,
  config: Config,
): DeskServices {
  const { db } = parts;
  const reasons = createReasonReader(withDeskReasons(undefined));
  const byProject = new Map<string, ProjectDesk>();
  const of = async (projectId: string): Promise<ProjectDesk> => {
    await requireOwnTables(db);
    const known = byProject.get(projectId) ?? projectDesk(parts, desk, { config, projectId });
    byProject.set(projectId, known);
    return known;
  };
  return {
    tickets: async (projectId, filter) => (await of(projectId)).tickets.list(filter),
    async ticket(projectId, ticketId) {
      const ticket = await (await of(projectId)).tickets.read(ticketId);
      const { suggestion } = ticket;
      return {
        ...ticket,
        feedback: suggestion === null ? [] : await readFeedbackHistory(db, suggestion.suggestionId, projectId),
        reasons: reasons.choices(suggestion?.functionName ?? null),
        categories: DEFAULT_CATEGORIES.map(({ name }) => name),
      };
    },
    reply: async (projectId, ticketId, { suggestionId, messageId, ...reply }) =>
      (await of(projectId)).tickets.reply({
        ...reply,
        ticketId,
        messageId: messageId.toLowerCase(),
        suggestionId: suggestionId?.toLowerCase(),
      }),
    async suggest(projectId, ticketId, agentId) {
      const made = await (await of(projectId)).tickets.suggest(ticketId, agentId);
      const { suggestionId, status } = made;
      const { text, confidence } = made.status === "completed" ? made : { text: null, confidence: null };
      return { suggestionId, status, text, confidence };
    },
    async classify(projectId, ticketId) {
      const { suggestionId, status } = await (await of(projectId)).tickets.classify(ticketId);
      return { suggestionId, status };
    },
    async decide(projectId, ticketId, decision) {
      const { tickets, functions } = await of(projectId);
      await tickets.requireClassification(ticketId, decision.suggestionId);
      const { changed, ...decided } = await functions.decide({
        ...definedIn(decision),
        suggestionId: decision.suggestionId,
      });
      return { ...decided, changed: [...changed] };
    },
  };
}

function projectDesk(
  parts: Pick<Parts, "db" | "reading" | "tracker" | "privacy">,
  desk: Pick<Desk, "ofProject">,
  { config, projectId }: { readonly config: Config; readonly projectId: string },
): ProjectDesk {
  const { db, reading, tracker, privacy } = parts;
  const functions = deskService(parts, desk, { config, projectId });
  const flushSuggestions = () => tracker.flush();
  const now = () => new Date();
  const about = { db, projectId, privacy, now, flushSuggestions, reasons: withDeskReasons(undefined) };
  const { sentWith } = createFeedbackService(about);
  const deps = { db, reading, projectId, categories: DEFAULT_CATEGORIES, functions, sentWith, flushSuggestions, now };
  return { functions, tickets: createTicketDesk(deps) };
}

async function requireOwnTables(db: Queryable): Promise<void> {
  if (!(await isAdopted(db))) return;
  throw new UptakeError(
    "not_found",
    "there is no desk here: this database is an application's that Uptake was added to, and its tickets are the application's own; work them there",
  );
}
