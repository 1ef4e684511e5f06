import type { Arm } from "./arm.ts";
import { functionName, metadata, model, modelName, modelParameters, prompt, textOf, usage } from "./workload.ts";

/** The least that any tracker does: put the record together and make text of it, once. The text is thrown away. */
export function createArm(): Arm {
  let charCount = 0;
  return {
    async call(input) {
      const startedAt = new Date();
      const answer = await model.ask(input);
      const request = { name: functionName, model: modelName, modelParameters, metadata, prompt, usage };
      charCount += JSON.stringify({ ...request, startedAt, endedAt: new Date(), input, answer }).length;
      return textOf(answer);
    },
    async flush() {
      if (Number.isNaN(charCount)) throw new Error("nothing was stringified");
    },
  };
}
