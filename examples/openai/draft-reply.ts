// An official OpenAI client, observed. Its answers are made up here by a `fetch` of its own, so that no key is needed:
//
//   npx tsx examples/openai/draft-reply.ts
//
// For the real thing leave out what the client is given: new OpenAI() reads OPENAI_API_KEY.
import OpenAI from "openai";
import { createUptake } from "uptake";
import { observeOpenAI } from "uptake/openai";

const openai = observeOpenAI(new OpenAI({ apiKey: "none", fetch: answer }), {
  costUsd: ({ usage }) => ((usage["input"] ?? 0) * 0.4 + (usage["output"] ?? 0) * 1.6) / 1_000_000,
});
const uptake = createUptake();
await uptake.start();

const draftReply = uptake.track("draft-reply", async (input: { question: string }, run) => {
  const messages = [{ role: "user" as const, content: input.question }];
  const completion = await openai.chat.completions.create({ model: "gpt-4.1-mini", messages }); // a generation
  return run.suggest(completion.choices[0]?.message.content ?? "");
});

const { text } = await draftReply({ question: "Where is my refund?" });
console.log(`suggested: ${text}`);

const range = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) };
const [row] = await uptake.readMetrics({ ...range, bucket: "total", by: ["model"] });
console.log(`${row?.dimensions.model}: ${row?.inputTokens} tokens in, ${row?.outputTokens} out, ${row?.costUsd} USD`);
await uptake.close();

function answer(): Promise<Response> {
  const message = { role: "assistant", content: "A refund takes five working days." };
  const usage = { prompt_tokens: 1_000, completion_tokens: 500, total_tokens: 1_500 };
  return Promise.resolve(Response.json({ model: "gpt-4.1-mini", choices: [{ index: 0, message }], usage }));
}
