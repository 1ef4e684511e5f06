import { createClient } from "uptake/client";

// One for the isolate; requests share its connection and its batches.
const uptake = createClient({ url: Deno.env.get("UPTAKE_URL") ?? "", key: Deno.env.get("UPTAKE_KEY") });

Deno.serve(async (request) => {
  const { ticketId, question } = (await request.json()) as { ticketId: string; question: string };
  const startedAt = Date.now();
  const text = await draft(question);
  // Resolves once the server has committed it; sent again under the same id where the network fails.
  const receipt = await uptake.suggestion({
    functionName: "draft-reply",
    ticketId,
    input: { question },
    text,
    model: "made-up-model",
    createdAt: new Date(startedAt).toISOString(),
    latencyMs: Date.now() - startedAt,
  });
  return Response.json({ text, suggestionId: receipt.suggestionId, feedbackToken: receipt.feedbackToken });
});

/** Here you ask your model. */
function draft(question: string): Promise<string> {
  return Promise.resolve(question.includes("refund") ? "A refund takes five working days." : "Could you say more?");
}
