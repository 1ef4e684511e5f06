import type { ObservationLevel, ObservationType, Usage } from "../domain/observation.ts";

/** What a caller gets back from a followed function: a promise stays a promise, anything else stays what it is. */
export type Followed<Result> = Result extends PromiseLike<infer Value> ? Promise<Value> : Result;

export type Metadata = Readonly<Record<string, unknown>>;

/** A suggestion as it is handed to the application; `confidence` is null when the function claims none. */
export type Suggestion = {
  readonly suggestionId: string;
  readonly traceId: string;
  readonly text: string;
  readonly confidence: number | null;
  /** For a browser to report shown, sent and feedback with; there where `UPTAKE_FEEDBACK_SECRET` is set. */
  readonly feedbackToken?: string;
};

export type SuggestOptions = {
  /** 0–1, as the function itself claims it; anything else is recorded as unknown and logged. */
  readonly confidence?: number | null | undefined;
  readonly ticketId?: string | null | undefined;
  readonly messageId?: string | null | undefined;
  readonly systemUserId?: string | null | undefined;
  readonly metadata?: Metadata | undefined;
};

export type ObserveOptions = {
  /** `span` by default. */
  readonly type?: ObservationType | undefined;
  readonly input?: unknown;
  readonly metadata?: Metadata | undefined;
};

export type PromptReference = { readonly name: string; readonly version: number | string };

export type GenerateOptions = {
  readonly model: string;
  readonly modelParameters?: Metadata | undefined;
  /** What the model is sent, usually the chat messages; kept as the generation's input. */
  readonly messages?: unknown;
  readonly prompt?: PromptReference | undefined;
  /** `generation` by default. */
  readonly name?: string | undefined;
  /** USD for the whole call; left out means unknown. */
  readonly costUsd?: number | undefined;
  readonly metadata?: Metadata | undefined;
};

export type ObservationUpdate = {
  /** Kept in place of what the function returns. */
  readonly output?: unknown;
  /** `DEFAULT` by default, and `ERROR` with the error's message, whatever was said here, where the function throws. */
  readonly level?: ObservationLevel | undefined;
  readonly statusMessage?: string | undefined;
  /** Tokens by exclusive bucket: `input` without `input_cached_tokens`, `output` without `output_reasoning_tokens`. */
  readonly usage?: Usage | undefined;
  readonly costUsd?: number | undefined;
  readonly model?: string | undefined;
  readonly modelParameters?: Metadata | undefined;
  readonly metadata?: Metadata | undefined;
};

/** Handle on an observation that is under way. */
export type ObservationHandle = {
  /** Model, tokens and cost are for an `embedding` or a model call by other means; a suggestion's own count `generate` only. */
  update(update: ObservationUpdate): void;
};

/** Handle on a generation that is under way; what it is told wins over what is read from the model's answer. */
export type Generation = {
  /** Marks the time to first token, once; streams mark it themselves. */
  firstToken(): void;
  update(update: ObservationUpdate): void;
};

/** What a tracked function can say about the run it is in. Nothing here ever throws on Uptake's own account. */
export type Run = {
  readonly suggestionId: string;
  readonly traceId: string;
  /** Records a step (a retrieval, a tool call …) around `fn`; nests to any depth and may run concurrently. */
  observe<Result>(name: string, fn: (observation: ObservationHandle) => Result): Followed<Result>;
  observe<Result>(
    name: string,
    options: ObserveOptions,
    fn: (observation: ObservationHandle) => Result,
  ): Followed<Result>;
  /** Records a model call around `fn`. OpenAI's answers and streams and the AI SDK's results are read; others say it through the handle. */
  generate<Result>(options: GenerateOptions, fn: (generation: Generation) => Result): Followed<Result>;
  /** States the suggestion; called again, the last one wins. */
  suggest(text: string, options?: SuggestOptions): Suggestion;
  /** Adds to the suggestion's metadata. */
  annotate(metadata: Metadata): void;
};

export type TrackOptions<Input> = {
  /** Takes over an id that exists already, such as a host's pending row. Must be a UUID, else a new one is made. */
  readonly suggestionId?: ((input: Input) => string | null | undefined) | undefined;
  readonly ticketId?: ((input: Input) => string | null | undefined) | undefined;
  readonly messageId?: ((input: Input) => string | null | undefined) | undefined;
  readonly metadata?: Metadata | undefined;
};

/** A function that takes `Input`; the argument may be left out where the tracked function takes none. */
export type Tracked<Input, Result> = (...args: unknown extends Input ? [input?: Input] : [input: Input]) => Result;
