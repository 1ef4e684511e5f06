// A model of the AI SDK, observed, that streams. Its chunks are made up here by a `fetch` of its own:
//
//   npx tsx examples/ai-sdk/draft-reply.ts
//
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { streamText, wrapLanguageModel } from "ai";
import { createUptake } from "uptake";
import { observeLanguageModel } from "uptake/ai-sdk";

const provider = createOpenAICompatible({
  name: "made-up",
  baseURL: "http://model.test/v1",
  includeUsage: true, // else a stream has no tokens
  fetch: answer,
});
const model = wrapLanguageModel({ model: provider("gpt-4.1-mini"), middleware: observeLanguageModel() });
const uptake = createUptake();
await uptake.start();

const draftReply = uptake.track("draft-reply", async (input: { question: string }, run) => {
  const { textStream } = streamText({ model, prompt: input.question }); // a generation, with its time to first token
  let text = "";
  for await (const delta of textStream) text += delta;
  return run.suggest(text);
});

const { text } = await draftReply({ question: "Where is my refund?" });
console.log(`suggested: ${text}`);

const range = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) };
const [row] = await uptake.readMetrics({ ...range, bucket: "total", by: ["model"] });
console.log(`${row?.dimensions.model}: ${row?.inputTokens} tokens in, ${row?.outputTokens} out`);
console.log(`time to first token known of ${row?.timeToFirstTokenKnownCount}`);
await uptake.close();

function answer(): Promise<Response> {
  const said = ["A refund ", "takes five ", "working days."].map((content) => ({
    choices: [{ index: 0, delta: { content } }],
  }));
  const usage = { prompt_tokens: 24, completion_tokens: 7, total_tokens: 31 };
  const chunks = [...said, { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }, { choices: [], usage }];
  const events = chunks.map((chunk) => `data: ${JSON.stringify({ model: "gpt-4.1-mini", ...chunk })}\n\n`);
  const headers = { "content-type": "text/event-stream" };
  return Promise.resolve(new Response(`${events.join("")}data: [DONE]\n\n`, { headers }));
}
