import { namedId, repeatableId } from "../domain/ids.ts";
import type { PromptReference } from "../track/types.ts";
import { GENERATE_MESSAGE_SUGGESTION } from "./generate-message-suggestion.ts";
import type { MessageRow, TicketRow } from "./queries/insert-tickets.ts";
import type { Conversation } from "./replay-source.ts";
import type { PastReply } from "./knowledge-index.ts";

/** A customer's message and the reply that the agent really sent. */
export type ReplayTurn = { readonly messageId: string; readonly finalText: string };

/** A recorded conversation as a ticket of the desk, and what there is to replay in it. */
export type ReplayTicket = {
  readonly ticket: TicketRow;
  readonly turns: readonly ReplayTurn[];
  readonly replies: readonly PastReply[];
};

const AGENT_ID = "recorded-agent";
const MAX_TITLE_CHARS = 80;

/**
 * Makes a ticket of a conversation. Its id and those of its messages follow from the conversation's id and each message's
 * index, so that importing it again changes nothing. Tool calls and results are no messages that a customer sees: they
 * are left out, and the reply after them keeps the tools' names in its metadata. The recording has no times, so all
 * messages carry the time of the import and `position`, their index, orders them.
 */
export function ticketOf(conversation: Conversation, projectId: string, createdAt: Date): ReplayTicket {
  const ticketId = namedId("replay", projectId, conversation.id);
  const messages: MessageRow[] = [];
  const turns: ReplayTurn[] = [];
  const replies: PastReply[] = [];
  let asked: MessageRow[] = [];
  let toolCalls: string[] = [];
  conversation.messages.forEach(({ role, content, toolCalls: called }, index) => {
    toolCalls.push(...called);
    if (role === "tool" || (role === "assistant" && content.trim() === "")) return;
    const message: MessageRow = {
      id: namedId("replay-message", ticketId, String(index)),
      userId: role === "user" ? customerOf(conversation.id) : AGENT_ID,
      content,
      metadata: { imported: true, ...(toolCalls.length === 0 ? {} : { toolCalls }) },
      position: index,
      createdAt: createdAt.toISOString(),
    };
    messages.push(message);
    toolCalls = [];
    if (role === "user") {
      asked.push(message);
      return;
    }
    const question = asked.at(-1);
    if (question !== undefined && question.content.trim() !== "") {
      turns.push({ messageId: question.id, finalText: content });
    }
    const questions = asked.map((message) => message.content).join("\n\n");
    replies.push({ id: message.id, ticketId, ticketCreatedAt: createdAt, question: questions, reply: content });
    asked = [];
  });
  return { ticket: { ...frameOf(conversation, ticketId, createdAt), messages }, turns, replies };
}

function frameOf(conversation: Conversation, ticketId: string, createdAt: Date): Omit<TicketRow, "messages"> {
  const first = conversation.messages.find(({ role, content }) => role === "user" && content.trim() !== "");
  const title = first?.content.trim().split("\n", 1)[0]?.slice(0, MAX_TITLE_CHARS).toWellFormed();
  return {
    id: ticketId,
    number: null,
    title: title ?? `Conversation ${conversation.id}`,
    status: "closed",
    priority: "medium",
    customerId: customerOf(conversation.id),
    createdAt: createdAt.toISOString(),
  };
}

const customerOf = (conversationId: string): string => `customer of ${conversationId}`;

/** How often a turn whose suggestion failed is tried again by later replays; each try is a suggestion of its own. */
export const MAX_TRIES = 5;

/** What answers a replay, and by which prompt. */
export type ReplayAnswerer = { readonly model: string; readonly prompt: PromptReference };

/**
 * The id of a turn's n-th try: the same for the same message, agent function, model and prompt version. So a replay that
 * runs again creates nothing twice, and another model or prompt is measured on its own.
 */
export function replaySuggestionId(
  message: { readonly id: string; readonly createdAt: Date },
  { model, prompt }: ReplayAnswerer,
  attempt: number,
): string {
  const key = [message.id, GENERATE_MESSAGE_SUGGESTION, model, prompt.name, prompt.version, attempt];
  return repeatableId(message.createdAt, JSON.stringify(key));
}
