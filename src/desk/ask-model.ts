import type { AnswerSchema, ChatMessage, Model } from "../models/model.ts";
import { OFFLINE_MODEL } from "../models/tokens.ts";
import type { PromptReference, Run } from "../track/types.ts";
import type { RunOptions } from "./run-options.ts";

/** Facts, not flair: the same ticket should get the same suggestion. */
const MODEL_PARAMETERS = { temperature: 0.2 };

type Question = {
  readonly messages: readonly ChatMessage[];
  readonly prompt: PromptReference;
  readonly jsonSchema: AnswerSchema;
};

/**
 * Asks the model once, recorded as a generation; resolves to the answer's text. With `onText` the answer is streamed, and
 * the time to first token recorded.
 */
export async function askModel(
  model: Model,
  { messages, prompt, jsonSchema }: Question,
  { signal, onText }: RunOptions,
  run: Run,
): Promise<string> {
  let content = "";
  await run.generate(
    {
      model: model.name,
      modelParameters: MODEL_PARAMETERS,
      messages,
      prompt,
      // The offline model really costs nothing; of another the price list may know.
      costUsd: model.name === OFFLINE_MODEL ? 0 : undefined,
    },
    async (generation) => {
      const told = onText && ((piece: string) => (generation.firstToken(), onText(piece)));
      const answer = await model.complete({ messages, jsonSchema, signal, onText: told, ...MODEL_PARAMETERS });
      content = answer.content;
      return answer.completion;
    },
  );
  return content;
}
