// A tracked agent function from end to end, with a model that is made up, so that no key and no server is needed:
//
//   npx tsx examples/track-a-function/draft-reply.ts
//   npx uptake metrics --bucket total
//
// Rows go to the embedded Postgres in .uptake/data, or to DATABASE_URL; set LANGFUSE_PUBLIC_KEY and
// LANGFUSE_SECRET_KEY, and they are mirrored too.
import { createUptake } from "uptake";

type Question = { readonly ticketId: string; readonly question: string };

const uptake = createUptake();
await uptake.start(); // optional; else the first call opens the database, and making an embedded one takes seconds

const draftReply = uptake.track("draft-reply", async (input: Question, run) => {
  const articles = await run.observe("search-knowledge", { type: "retriever", input }, () => search(input.question));
  const messages = buildPrompt(input.question, articles);
  const completion = await run.generate(
    { model: "made-up-model", messages, prompt: { name: "reply", version: 7 } },
    () => complete(messages), // shaped like OpenAI's answer, so the usage is read from it
  );
  return run.suggest(completion.choices[0]?.message.content ?? "", { ticketId: input.ticketId });
});

const refund = await draftReply({ ticketId: "42", question: "Where is my refund?" });
console.log(`suggested for ticket 42: ${refund.text}`);
const parcel = await draftReply({ ticketId: "43", question: "Where is my parcel?" });
console.log(`suggested for ticket 43: ${parcel.text}`);

// What the person did: said …
const said = await uptake.feedback({
  suggestionId: refund.suggestionId,
  type: "rejection",
  reason: "too generic",
  agentId: "jo",
});
console.log(`ticket 42: ${said.type}`);

// … or simply sent; approval, revision or rejection is inferred from how much of the suggestion survived.
const sent = await uptake.sent({ ticketId: "43", finalText: `Hi Mia! ${parcel.text}`, agentId: "jo" });
console.log(`ticket 43: ${sent?.type}, kept ratio ${sent?.keptRatio}`);

// Errors are recorded and rethrown as they are.
const outcome = await draftReply({ ticketId: "44", question: "" }).catch((error: unknown) => String(error));
console.log(`ticket 44: ${typeof outcome === "string" ? outcome : outcome.text}`);

await uptake.close(); // commits what waits

// Your own parts; here they are made up.

function search(question: string): Promise<readonly string[]> {
  const articles = ["A refund takes five working days.", "A parcel takes two working days."];
  const about = question.toLowerCase().match(/refund|parcel/)?.[0];
  return Promise.resolve(articles.filter((article) => about !== undefined && article.includes(about)));
}

function buildPrompt(question: string, articles: readonly string[]) {
  return [
    { role: "system", content: `Answer from these articles only:\n${articles.join("\n")}` },
    { role: "user", content: question },
  ];
}

function complete(messages: readonly { readonly role: string; readonly content: string }[]) {
  const [instructions, question] = messages.map(({ content }) => content);
  if (!question) return Promise.reject(new Error("there is no question to answer"));
  return Promise.resolve({
    model: "made-up-model",
    choices: [{ message: { role: "assistant", content: instructions?.split("\n")[1] ?? "" } }],
    usage: { prompt_tokens: 24, completion_tokens: 7 },
  });
}
