import { UptakeError } from "../domain/errors.ts";
import type { Caller } from "./caller.ts";

/** Who holds a feedback token speaks about its suggestion only. Throws `forbidden`, whether or not there is another one. */
export function onlyOwnSuggestion(caller: Caller, suggestionId: string | undefined, place: string): void {
  if (caller.suggestionId === null || caller.suggestionId === suggestionId?.toLowerCase()) return;
  throw new UptakeError(
    "forbidden",
    `${place}: this feedback token is for the suggestion it came with, and for no other`,
  );
}
