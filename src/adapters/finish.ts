import type { HandMadeUpdate } from "../track/by-hand.ts";

const CUT_SHORT: Readonly<Record<string, string>> = {
  length: "the answer was cut at the limit of tokens",
  max_output_tokens: "the answer was cut at the limit of tokens",
  content_filter: "the answer was cut by the content filter",
  "content-filter": "the answer was cut by the content filter",
};

export const isCutShort = (reason: string): boolean => Object.hasOwn(CUT_SHORT, reason);

/** Why the model ended: metadata, and a warning where the answer is not whole. */
export function describeFinish(reason: string | undefined): HandMadeUpdate {
  if (reason === undefined) return {};
  const metadata = { finish_reason: reason };
  return isCutShort(reason) ? { metadata, level: "WARNING", statusMessage: CUT_SHORT[reason] } : { metadata };
}
