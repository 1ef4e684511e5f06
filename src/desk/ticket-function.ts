import type { Category } from "../models/classification.ts";
import type { Database } from "../store/database.ts";
import type { Tracker } from "../track/tracker.ts";
import type { Run } from "../track/types.ts";
import { DEFAULT_CATEGORIES } from "./categories.ts";
import { createDeskStore, type DeskStore } from "./desk-store.ts";
import { filePrompts, type Prompts } from "./prompts.ts";
import { optionalUuidOf, type RunOptions, uuidOf } from "./run-options.ts";

export type TicketInput = {
  /** The host's body: what it does not say is read from the ticket. */
  readonly ticket: {
    readonly id: string;
    readonly title?: string | undefined;
    readonly description?: string | undefined;
  };
  /** Takes over this id, such as that of a host's pending row; a new one by default. */
  readonly suggestionId?: string | undefined;
  readonly systemUserId?: string | undefined;
};

export type TicketFunctionDeps = {
  readonly tracker: Pick<Tracker, "track">;
  readonly db: Database;
  readonly projectId: string;
  readonly prompts?: Prompts | undefined;
  readonly categories?: readonly Category[] | undefined;
};

/** The same with what is given by default. */
export type TicketParts<Deps> = Deps & {
  readonly desk: DeskStore;
  readonly prompts: Prompts;
  readonly categories: readonly Category[];
};

/** One run of an agent function about a ticket. */
type TicketWork<Deps, Result> = (
  parts: TicketParts<Deps>,
  input: TicketInput,
  options: RunOptions,
  run: Run,
) => Promise<Result>;

/** Makes an agent function about a ticket tracked, under the suggestion id that it is given. Throws `invalid_input` for ids that are none. */
export function createTicketFunction<Deps extends TicketFunctionDeps, Result>(
  name: string,
  deps: Deps,
  work: TicketWork<Deps, Result>,
): (input: TicketInput, options?: RunOptions) => Promise<Result> {
  const parts = {
    ...deps,
    desk: createDeskStore(deps),
    prompts: deps.prompts ?? filePrompts(),
    categories: deps.categories ?? DEFAULT_CATEGORIES,
  };
  return async (input, options = {}) => {
    const asked = {
      ...input,
      ticket: { ...input.ticket, id: uuidOf(input.ticket.id, "ticket.id") },
      suggestionId: optionalUuidOf(input.suggestionId, "suggestionId"),
    };
    const tracked = deps.tracker.track(name, (given: TicketInput, run: Run) => work(parts, given, options, run), {
      suggestionId: (given) => given.suggestionId,
      ticketId: (given) => given.ticket.id,
    });
    return tracked(asked);
  };
}
