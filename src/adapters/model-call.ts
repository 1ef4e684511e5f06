import { currentPlace, openByHand } from "../track/by-hand.ts";
import type { HandMade } from "../track/by-hand.ts";

/**
 * Opens the observation of a call to a model; undefined outside of tracked runs, and inside of a generation or embedding
 * that is under way: that is this very call, followed by `run.generate` or another adapter, and its tokens count once.
 */
export function openModelCall(known: {
  readonly type: "generation" | "embedding";
  readonly name: string;
}): HandMade | undefined {
  const here = currentPlace();
  if (here === undefined || here.at.type === "generation" || here.at.type === "embedding") return undefined;
  return openByHand(here, known);
}
