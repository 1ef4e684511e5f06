import { invalidInput } from "./errors.ts";
import { isUuid } from "./ids.ts";

/** Where a page ended: the number that the list is ordered by, and the id that decides between equal ones. */
export type PlaceInList = { readonly at: number; readonly id: string };

export const writeCursor = ({ at, id }: PlaceInList): string => Buffer.from(`${at} ${id}`).toString("base64url");

/** Throws `invalid_input` for what {@link writeCursor} has not written. */
export function readCursor(cursor: string): PlaceInList {
  const [at = "", id, ...more] = Buffer.from(cursor, "base64url").toString().split(" ");
  if (!/^-?\d{1,16}$/u.test(at) || !isUuid(id) || more.length > 0) {
    throw invalidInput("cursor", "is none of ours; give the nextCursor of the page before, as it is");
  }
  return { at: Number(at), id };
}
