import { currentPlace, openByHand } from "../track/by-hand.ts";
import type { HandMade } from "../track/by-hand.ts";

/**
 * Opens the observation of a call to a model; undefined outside of tracked runs, and inside of a generation or embedding
 * that is under way: that is this very call, followed by `run.generate` or another adapter, and its tokens count once.
 * Inside of one that is over, as `run.generate` is around `streamText`, which calls the model when it is read, it is a call
 * of its own, with the prompt; the other, where it knows no tokens, was the step around it.
 */
export function openModelCall(known: {
  readonly type: "generation" | "embedding";
  readonly name: string;
}): HandMade | undefined {
  const here = currentPlace();
  if (here === undefined) return undefined;
  const { at } = here;
  const isModelCall = at.type === "generation" || at.type === "embedding";
  if (isModelCall && at.endMs === undefined) return undefined;
  const made = openByHand(here, known);
  if (made === undefined) return undefined;
  if (isModelCall && at.usage === undefined && at.level !== "ERROR") at.type = "span";
  made.observation.prompt = at.prompt;
  return made;
}
