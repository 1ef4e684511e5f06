/** What the bench and a child process that plays Langfuse say to each other by message. */

/** One request as it was posted. */
export type Posted = { readonly path: string; readonly headers: Record<string, string>; readonly body: Buffer };

/** `count`: forget what came before, answered by a report. `keeps`: also remember the requests, where it can. */
export type ReceiverOrder = { readonly kind: "count"; readonly keeps: boolean } | { readonly kind: "report" };

export type ReceiverReport = {
  readonly port: number;
  readonly spanCount: number;
  readonly scoreCount: number;
  /** Ids that came more than once. */
  readonly doubleCount: number;
  readonly requestCount: number;
  /** Of all bodies, as far as they are counted. */
  readonly bytes: number;
  readonly kept: readonly Posted[];
};
