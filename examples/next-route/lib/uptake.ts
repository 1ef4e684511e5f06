import { createUptake, type Uptake } from "uptake";

// A development server loads this file anew after each change; what is kept here stays.
const kept: { uptake?: Uptake } = ((globalThis as Record<symbol, unknown>)[Symbol.for("uptake")] ??= {});

export const uptake = (kept.uptake ??= createUptake());

export const draftReply = uptake.track("draft-reply", async (input: { ticketId: string; question: string }, run) => {
  const messages = [{ role: "user", content: input.question }];
  const completion = await run.generate({ model: "made-up-model", messages }, () => ask(messages));
  return run.suggest(completion.choices[0]?.message.content ?? "", { ticketId: input.ticketId });
});

/** Here you ask your model: an answer like OpenAI's is read, tokens included. */
function ask(_messages: readonly object[]) {
  const message = { role: "assistant", content: "A refund takes five working days." };
  return Promise.resolve({ choices: [{ message }], usage: { prompt_tokens: 120, completion_tokens: 9 } });
}
