import { currentSpan, flush, initLogger, wrapTraced } from "braintrust";
import type { Arm, Place } from "../tracking/arm.ts";
import { functionName, metadata, model, modelName, modelParameters, prompt, textOf } from "../tracking/workload.ts";
import type { Input } from "../tracking/workload.ts";

export function createArm({ sinkUrl }: Place): Arm {
  initLogger({ projectName: "bench", apiKey: "bench", appUrl: sinkUrl, asyncFlush: true });
  const call = wrapTraced(
    async (input: Input) => {
      const answer = await model.ask(input);
      const metrics = {
        prompt_tokens: answer.usage.prompt_tokens,
        completion_tokens: answer.usage.completion_tokens,
        tokens: answer.usage.total_tokens,
      };
      currentSpan().log({ metadata: { ...metadata, model: modelName, ...modelParameters, prompt }, metrics });
      return textOf(answer);
    },
    { name: functionName, type: "llm" },
  );
  return { call, flush: () => flush() };
}
