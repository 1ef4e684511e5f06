import type { DeskFunction } from "../domain/desk-settings.ts";
import { UptakeError } from "../domain/errors.ts";
import type { PendingRow } from "../store/queries/claim-pending.ts";
import { type ClassifyDeps, type ClassifyTicket, createClassifyTicket } from "./classify-ticket.ts";
import { createGenerateMessageSuggestion, type GenerateMessageSuggestion } from "./generate-message-suggestion.ts";
import { createGenerateResponse, type GenerateResponse, type GenerateResponseDeps } from "./generate-response.ts";
import type { RunOptions } from "./run-options.ts";

/** The desk's three agent functions over one tracker. */
export type AgentFunctions = {
  readonly generate: GenerateMessageSuggestion;
  readonly respond: GenerateResponse;
  readonly classify: ClassifyTicket;
};

export function createAgentFunctions(deps: ClassifyDeps & Omit<GenerateResponseDeps, "classify">): AgentFunctions {
  const classify = createClassifyTicket(deps);
  return {
    generate: createGenerateMessageSuggestion(deps),
    respond: createGenerateResponse({ ...deps, classify }),
    classify,
  };
}

/** Runs the agent function that a pending row waits for. Throws `invalid_input` for a row that does not say of what. */
export async function runPendingRow(functions: AgentFunctions, row: PendingRow, options: RunOptions): Promise<void> {
  const { suggestionId } = row;
  const systemUserId = row.systemUserId ?? undefined;
  const ticketId = row.ticketId ?? missing(row, "ticket_id");
  const ofTicket = { ticket: { id: ticketId }, suggestionId, systemUserId };
  // Cast: the claim names the functions; what is none of them after all ends in the last branch.
  switch (row.functionName as DeskFunction) {
    case "generate-message-suggestion": {
      const messageId = row.messageId ?? missing(row, "message_id");
      await functions.generate({ ticketId, messageId, suggestionId, systemUserId }, options);
      return;
    }
    case "generate-response":
      await functions.respond(ofTicket, options);
      return;
    case "classify-ticket":
      await functions.classify(ofTicket, options);
      return;
    default:
      missing(row, "function_name of the desk");
  }
}

function missing({ suggestionId, functionName }: PendingRow, column: string): never {
  const message = `suggestion ${suggestionId} of ${functionName} has no ${column}; insert the row with it`;
  throw new UptakeError("invalid_input", message, { facts: { suggestionId, column } });
}
