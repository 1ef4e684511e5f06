import type { FeedbackReceipt } from "../contract/feedback-receipt.ts";
import type { NewFeedback } from "../contract/new-feedback.ts";
import type { NewSent } from "../contract/new-sent.ts";
import type { NewShown } from "../contract/new-shown.ts";
import type { NewSuggestion } from "../contract/new-suggestion.ts";
import type { SentReceipt } from "../contract/sent-receipt.ts";
import type { ShownReceipt } from "../contract/shown-receipt.ts";
import type { SuggestionReceipt } from "../contract/suggestion-receipt.ts";
import { feedbackLane, sentLane, shownLane, suggestionLane } from "./lanes.ts";
import { onPageHide } from "./page-hide.ts";
import { KEEPALIVE_BYTES, post } from "./post.ts";
import { createQueue, type Dropped } from "./queue.ts";
import { newUuid } from "./uuid.ts";

export type ClientOptions = {
  /** Where `uptake serve` is, such as `https://uptake.example.com`. */
  readonly url: string;
  /** A secret key, on a server only; or in a browser the feedback token that came with a suggestion. */
  readonly key?: string | undefined;
  /** Instead of the runtime's own. */
  readonly fetch?: typeof fetch | undefined;
  /** Of each kind; what comes when so many wait is dropped. 1,000 by default. */
  readonly maxQueued?: number | undefined;
  /** How long something waits for company, in milliseconds; 20 by default. */
  readonly gatherMs?: number | undefined;
  /** For each request, in milliseconds; 10,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** How long something is tried for, in milliseconds; 5 minutes by default. */
  readonly giveUpMs?: number | undefined;
  /** Told of everything that will not be recorded; by default it is a warning on the console. */
  readonly onDropped?: ((dropped: Dropped) => void) | undefined;
};

/**
 * Uptake over HTTP. Every call resolves with the server's receipt once it has committed, and rejects with a
 * {@link ClientError} once it has refused it or it is given up; nobody has to wait for it. What is sent again carries the
 * same id or idempotency key, so it is recorded once.
 */
export type UptakeClient = {
  /** Records a run of an agent function. */
  suggestion(suggestion: NewSuggestion): Promise<SuggestionReceipt>;
  /** Records what a person said about a suggestion. */
  feedback(feedback: NewFeedback): Promise<FeedbackReceipt>;
  /** Records what a person sent; approval, revision or rejection is inferred from it. */
  sent(sent: NewSent): Promise<SentReceipt>;
  /** Marks what a person has seen. */
  shown(suggestionId: string, shown?: NewShown): Promise<ShownReceipt>;
  /** Resolves once everything so far is committed, refused or given up. */
  flush(): Promise<void>;
  /** Flushes for at most so long (5,000 ms by default), then gives up what is left. */
  close(timeoutMs?: number): Promise<void>;
};

/**
 * A client for any runtime with `fetch`: Node, Deno, Bun, edge functions and browsers.
 *
 * @example
 * const uptake = createClient({ url: "https://uptake.example.com", key: feedbackToken });
 * await uptake.feedback({ suggestionId, type: "rejection", reason: "too_generic" });
 */
export function createClient(options: ClientOptions): UptakeClient {
  const { key, timeoutMs = 10_000 } = options;
  const url = new URL(options.url).href.replace(/\/+$/, "");
  const fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  const queueOptions = {
    maxQueued: options.maxQueued ?? 1_000,
    gatherMs: options.gatherMs ?? 20,
    giveUpMs: options.giveUpMs ?? 300_000,
    onDropped: options.onDropped ?? warn,
    post: (path: string, json: string, keepalive: boolean) =>
      post(path, json, { url, key, fetch, timeoutMs }, keepalive),
  };
  const suggestions = createQueue(suggestionLane, queueOptions);
  const feedback = createQueue(feedbackLane, queueOptions);
  const sent = createQueue(sentLane, queueOptions);
  const shown = createQueue(shownLane, queueOptions);
  const queues = [suggestions, feedback, sent, shown];
  const flush = async (): Promise<void> => void (await Promise.all(queues.map((queue) => queue.flush())));
  const stopListening = onPageHide(() => queues.reduce((bytes, queue) => bytes - queue.leave(bytes), KEEPALIVE_BYTES));

  return {
    // What is left out may be there as `undefined`, and still gets an id or a key to be sent again under.
    suggestion: (item) =>
      suggestions.add(item.idempotencyKey ? item : { ...item, suggestionId: item.suggestionId ?? newUuid() }),
    feedback: (item) => feedback.add({ ...item, ...timed(item), idempotencyKey: item.idempotencyKey ?? newUuid() }),
    // Without a key of its own: the server takes the same words for the same suggestion for one act, as a double click is.
    sent: (item) => sent.add({ ...item, ...timed(item) }),
    shown: (suggestionId, item) => shown.add({ ...item, at: item?.at ?? now(), suggestionId }),
    flush,
    async close(closeTimeoutMs = 5_000) {
      stopListening();
      let timer: ReturnType<typeof setTimeout> | undefined;
      await Promise.race([flush(), new Promise((resolve) => (timer = setTimeout(resolve, closeTimeoutMs)))]);
      clearTimeout(timer);
      queues.forEach((queue) => queue.close());
    },
  };
}

const now = (): string => new Date().toISOString();
const timed = (item: { readonly createdAt?: string | undefined }) => ({ createdAt: item.createdAt ?? now() });

const warn = ({ kind, error }: Dropped): void => console.warn(`uptake: ${kind} not recorded: ${error.message}`);
