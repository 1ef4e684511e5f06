/** One message of a chat, in the roles every OpenAI-compatible endpoint knows. */
export type ChatMessage = { readonly role: "system" | "user" | "assistant"; readonly content: string };

/** The JSON Schema that an answer must satisfy, under the name that the endpoint is told. */
export type AnswerSchema = { readonly name: string; readonly schema: Readonly<Record<string, unknown>> };

export type CompletionRequest = {
  readonly messages: readonly ChatMessage[];
  readonly jsonSchema: AnswerSchema;
  readonly temperature?: number;
  /** Ends the request; what it was aborted with is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Told each piece of the answer's text as it comes; without it the answer comes in one. */
  readonly onText?: ((piece: string) => void) | undefined;
};

/** The answer's text, and the chat completion as it came (model, usage), for whoever tracks the call. */
export type CompletionAnswer = { readonly content: string; readonly completion: unknown };

/** A language model behind one endpoint. */
export type Model = {
  readonly name: string;
  /** Asks once; throws {@link UptakeError} `model_failed` that says endpoint, status and remedy, never the key. */
  complete(request: CompletionRequest): Promise<CompletionAnswer>;
};
