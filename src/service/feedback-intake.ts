import type { NewFeedback } from "../contract/new-feedback.ts";
import type { NewSent } from "../contract/new-sent.ts";
import type { NewShown } from "../contract/new-shown.ts";
import { UptakeError } from "../domain/errors.ts";
import type { FeedbackInput } from "../domain/feedback.ts";
import type { FeedbackService } from "../feedback/feedback-service.ts";
import type { ShownReceipt } from "../feedback/shown.ts";
import type { FeedbackReceipt, FeedbackResult } from "../feedback/write-events.ts";
import { defined } from "./defined.ts";
import { pastMoment } from "./past-moment.ts";

/** A feedback event to be, and what it is called in messages. */
export type PlacedFeedback = { readonly given: NewFeedback; readonly place: string };

export type FeedbackIntake = {
  /** One result for each, in their order; the good ones are committed in one transaction. */
  take(projectId: string, given: readonly PlacedFeedback[]): Promise<readonly FeedbackResult[]>;
  /** Undefined where the ticket has no open suggestion. */
  sent(projectId: string, given: NewSent): Promise<FeedbackReceipt | undefined>;
  shown(projectId: string, suggestionId: string, given: NewShown): Promise<ShownReceipt>;
};

/** What people did, told from outside and for any project. */
export function createFeedbackIntake(deps: {
  readonly serviceOf: (projectId: string) => FeedbackService;
  readonly now: () => Date;
}): FeedbackIntake {
  const { serviceOf, now } = deps;
  return {
    async take(projectId, given) {
      const at = now();
      const read = given.map((one) => readInput(one, at));
      const good = read.flatMap((one) => (one instanceof UptakeError ? [] : [one]));
      const results = await serviceOf(projectId).feedbackAt(
        good.map(({ input }) => input),
        (index) => good[index]?.place ?? "feedback",
      );
      const left = results.values();
      return read.flatMap((one) =>
        one instanceof UptakeError ? { ok: false as const, error: one } : (left.next().value ?? []),
      );
    },
    async sent(projectId, { createdAt, ...given }) {
      return serviceOf(projectId).sent({
        ...defined(given),
        ...momentAs("createdAt", createdAt, { place: "sent", now: now() }),
      });
    },
    async shown(projectId, suggestionId, { at, ...given }) {
      return serviceOf(projectId).shown(suggestionId, {
        ...defined(given),
        ...momentAs("at", at, { place: "shown", now: now() }),
      });
    },
  };
}

type ReadFeedback = { readonly input: FeedbackInput; readonly place: string };

function readInput({ given, place }: PlacedFeedback, now: Date): ReadFeedback | UptakeError {
  const { createdAt, ...others } = given;
  try {
    return { input: { ...defined(others), ...momentAs("createdAt", createdAt, { place, now }) }, place };
  } catch (error) {
    if (error instanceof UptakeError) return error;
    throw error;
  }
}

function momentAs<Name extends string>(
  name: Name,
  text: string | undefined,
  { place, now }: { readonly place: string; readonly now: Date },
): Partial<Record<Name, Date>> {
  if (text === undefined) return {};
  const moments: Partial<Record<string, Date>> = { [name]: pastMoment(text, `${place}.${name}`, now) };
  return moments;
}
