import type { ClassificationAnswer, DecisionAnswer, DecisionRequest } from "../contract/functions-classification.ts";
import type {
  MessageSuggestionAnswer,
  MessageSuggestionRequest,
  StillPendingAnswer,
} from "../contract/functions-message-suggestion.ts";
import type { ResponseAnswer, TicketRequest } from "../contract/functions-response.ts";

/** Told each piece of a reply while the model writes it. */
export type OnText = (piece: string) => void;

/** What the routes of the agent functions need. */
export type FunctionServices = {
  suggestReply(
    projectId: string,
    request: MessageSuggestionRequest,
    onText?: OnText,
  ): Promise<MessageSuggestionAnswer | StillPendingAnswer>;
  respond(projectId: string, request: TicketRequest, onText?: OnText): Promise<ResponseAnswer | StillPendingAnswer>;
  classify(projectId: string, request: TicketRequest): Promise<ClassificationAnswer | StillPendingAnswer>;
  decide(projectId: string, request: DecisionRequest): Promise<DecisionAnswer>;
};
