import { Laminar, LaminarAttributes, observe } from "@lmnr-ai/lmnr";
import type { Arm, Place } from "../tracking/arm.ts";
import { functionName, metadata, model, modelName, modelParameters, prompt, textOf } from "../tracking/workload.ts";

/** Over HTTP, since the sink speaks no gRPC; without instrumentation of model libraries, as none is loaded. */
export function createArm({ sinkUrl }: Place): Arm {
  const { port } = new URL(sinkUrl);
  const baseUrl = "http://127.0.0.1";
  Laminar.initialize({
    projectApiKey: "bench",
    baseUrl,
    baseHttpUrl: baseUrl,
    httpPort: Number(port),
    forceHttp: true,
    instrumentModules: {},
  });
  return {
    call: (input) =>
      observe(
        { name: functionName, spanType: "LLM", metadata: { ...metadata, prompt, ...modelParameters } },
        async ({ messages }) => {
          const answer = await model.ask({ ...input, messages });
          Laminar.setSpanAttributes({
            [LaminarAttributes.REQUEST_MODEL]: modelName,
            [LaminarAttributes.RESPONSE_MODEL]: answer.model,
            [LaminarAttributes.INPUT_TOKEN_COUNT]: answer.usage.prompt_tokens,
            [LaminarAttributes.OUTPUT_TOKEN_COUNT]: answer.usage.completion_tokens,
          });
          return textOf(answer);
        },
        input,
      ),
    flush: () => Laminar.flush(),
  };
}
