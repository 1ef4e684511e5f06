import { Client } from "langsmith";
import { traceable } from "langsmith/traceable";
import type { Arm, Place } from "../tracking/arm.ts";
import {
  functionName,
  metadata,
  model,
  modelName,
  modelParameters,
  prompt,
  textOf,
  usage,
} from "../tracking/workload.ts";
import type { Input } from "../tracking/workload.ts";

const usage_metadata = {
  input_tokens: usage.prompt_tokens,
  output_tokens: usage.completion_tokens,
  total_tokens: usage.total_tokens,
};

export function createArm({ sinkUrl }: Place): Arm {
  const client = new Client({ apiUrl: sinkUrl, apiKey: "lsv2_bench" });
  const ask = traceable(async (input: Input) => ({ ...(await model.ask(input)), usage_metadata }), {
    name: functionName,
    run_type: "llm",
    client,
    tracingEnabled: true,
    project_name: "bench",
    metadata: { ...metadata, prompt, ls_model_name: modelName, ls_invocation_params: modelParameters },
  });
  return { call: async (input) => textOf(await ask(input)), flush: () => client.awaitPendingTraceBatches() };
}
