import { invalidInput, type UptakeError } from "../domain/errors.ts";
import { codeOf } from "../domain/refused-data.ts";
import type { Queryable } from "./database.ts";
import { type IdColumn, type IdTypes, readIdTypes } from "./queries/read-id-types.ts";

/** Ids of the product's own things. We keep them as text, but in an adopted database their columns have types of the host's. */
export type HostIds = Readonly<Partial<Record<IdColumn, string | null | undefined>>>;

/** A text that is none of the type, and a number too large for it. */
const MISFITS = new Set(["22P02", "22003"]);

/** Whether Postgres refused a statement for a value that the type of its column, or of what it is compared with, cannot hold. */
export const isMisfit = (error: unknown): boolean => MISFITS.has(codeOf(error) ?? "");

/** What texts of a type look like, as far as anybody uses it for ids; of other types nobody can tell here. */
const LOOKS: Readonly<Record<string, RegExp>> = {
  uuid: /^\{?(?:[0-9a-f]{4}-?){7}[0-9a-f]{4}\}?$/i,
  integer: /^\s*[+-]?\d{1,10}\s*$/,
  bigint: /^\s*[+-]?\d{1,19}\s*$/,
};

const PLACES: Readonly<Record<IdColumn, string>> = {
  ticketId: "ai_suggestions.ticket_id",
  messageId: "ai_suggestions.message_id",
  systemUserId: "ai_suggestions.system_user_id",
  agentId: "ai_feedback_events.agent_id",
};

const isId = (name: string): name is IdColumn => name in PLACES;

/**
 * Finds the ids that made Postgres refuse a statement, once it has: asking before would cost every call a look. Resolves to a
 * function that gives the refusal of the first id that does not fit, undefined where all do.
 */
export async function explainMisfits(db: Queryable): Promise<(ids: HostIds, place: string) => UptakeError | undefined> {
  const types = await readIdTypes(db);
  return (ids, place) => misfit(types, ids, place);
}

function misfit(types: IdTypes, ids: HostIds, place: string): UptakeError | undefined {
  for (const [name, value] of Object.entries(ids)) {
    if (!isId(name) || typeof value !== "string") continue;
    const type = types[name];
    if (LOOKS[type]?.test(value) !== false) continue;
    const remedy = `the type of ${PLACES[name]} in this application's database; give the id as it stands there`;
    return invalidInput(
      `${place}.${name}`,
      `got ${JSON.stringify(value)}; expected a value of type ${type}, ${remedy}`,
    );
  }
  return undefined;
}
