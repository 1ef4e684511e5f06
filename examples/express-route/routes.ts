import { createUptake } from "uptake";

/** What of Express is used here, so that the example needs no package. */
type Request = { readonly params: { readonly ticketId: string }; readonly body: Readonly<Record<string, string>> };
type Response = { json(value: unknown): unknown };

// One for the process. Opens nothing before the first use.
export const uptake = createUptake();

// Every call becomes a suggestion: input, output, steps, time and errors.
const draftReply = uptake.track("draft-reply", async (input: { ticketId: string; question: string }, run) => {
  const articles = await run.observe("search-knowledge", { type: "retriever" }, () => search(input.question));
  return run.suggest(`Thank you for asking. ${articles.join(" ")}`, { ticketId: input.ticketId, confidence: 0.7 });
});

/** `POST /tickets/:ticketId/suggestion`: what the person at the desk is shown. */
export async function suggestReply({ params, body }: Request, response: Response): Promise<void> {
  const suggestion = await draftReply({ ticketId: params.ticketId, question: body["question"] ?? "" });
  response.json({ suggestionId: suggestion.suggestionId, text: suggestion.text });
}

/** `POST /tickets/:ticketId/reply`: what they sent. Whether it approves, revises or rejects the suggestion is inferred. */
export async function sendReply({ params, body }: Request, response: Response): Promise<void> {
  const finalText = body["text"] ?? "";
  // Your own code sends the reply here. That Uptake is away, say, must not become an error of it.
  const said = { ticketId: params.ticketId, finalText, agentId: "jo" };
  const receipt = await uptake.sent(said).catch((error: Error) => console.error(error.message));
  response.json({ sent: true, feedback: receipt?.type ?? null });
}

function search(question: string): Promise<readonly string[]> {
  return Promise.resolve(question.includes("refund") ? ["A refund takes five working days."] : []);
}
