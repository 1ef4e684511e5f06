import * as fc from "fast-check";
import { expect, it } from "vitest";
import { newId } from "../../src/domain/ids.ts";
import type { FeedbackInput } from "../../src/domain/feedback.ts";
import { silentLogger } from "../../src/domain/logger.ts";
import { createExpirer } from "../../src/feedback/expirer.ts";
import { describeOnPostgres } from "../support/databases.ts";
import { insertSuggestion, serviceOn, standingOf, SUGGESTED } from "./rows.ts";

const OUTCOMES = { approval: "accepted", revision: "revised", rejection: "rejected" } as const;
const TEXTS = {
  approval: SUGGESTED,
  revision: "Your refund was sent today; call us about the rest.",
  rejection: "Please restart the reader and try again.",
};
const types = fc.constantFrom("approval", "revision", "rejection");
const act = fc.oneof(
  fc.record({ kind: fc.constant("stated" as const), type: types, minute: fc.nat(50) }),
  fc.record({ kind: fc.constant("inferred" as const), type: types, minute: fc.nat(50) }),
  fc.record({ kind: fc.constant("expire" as const) }),
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
/** Every act at a minute of its own, so that one is the newest. */
const acts = fc.uniqueArray(act, {
  minLength: 1,
  maxLength: 7,
  selector: (one) => ("minute" in one ? one.minute : -1),
});

/** How the suggestion must stand, whatever came first. */
function expected(given: readonly Act[]): string {
  const judged = given.filter((one) => one.kind !== "expire").sort((a, b) => b.minute - a.minute);
  const newest = judged.find(({ kind }) => kind === "stated") ?? judged[0];
  return newest === undefined ? "expired" : OUTCOMES[newest.type];
}

describeOnPostgres("what people say", (open) => {
  it("is never overruled by what is inferred or expired, in whatever order it all comes", async () => {
    const db = await open();
    const { feedback, sent } = serviceOn(db);
    const windows = { expireAfterMs: 60_000, byFunction: new Map<string, number | null>(), abandonAfterMs: null };
    const expirer = createExpirer({ db, log: silentLogger, projectId: "default", windows, everyMs: 60_000 });
    const startMs = Date.now() - 3_600_000;
    await fc.assert(
      fc.asyncProperty(acts, async (given) => {
        const suggestionId = await insertSuggestion(db, { ageMinutes: 120, ticketId: newId() });
        for (const one of given) {
          if (one.kind === "expire") {
            await expirer.expireAll();
            continue;
          }
          const createdAt = new Date(startMs + one.minute * 60_000);
          const { type } = one;
          const said: FeedbackInput = { suggestionId, type, reason: "too long", createdAt };
          if (one.kind === "stated") await feedback(said);
          // A key of its own: the same words sent twice would be one act.
          else await sent({ suggestionId, finalText: TEXTS[type], createdAt, idempotencyKey: newId() });
        }
        expect((await standingOf(db, suggestionId))?.outcome).toBe(expected(given));
      }),
      { numRuns: 25 },
    );
  });
});
