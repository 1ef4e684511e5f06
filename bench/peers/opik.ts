import { flushAll, OpikSpanType, setLoggerLevel, track } from "opik";
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
import type { Answer, Input } from "../tracking/workload.ts";

/** One trace with one span a call, as `track` makes them. Its client can be told where to send by the environment only. */
export function createArm({ sinkUrl }: Place): Arm {
  Object.assign(process.env, { OPIK_URL_OVERRIDE: sinkUrl, OPIK_API_KEY: "bench", OPIK_WORKSPACE: "bench" });
  setLoggerLevel("FATAL");
  const about = { model: modelName, provider: "openai", metadata: { ...metadata, modelParameters, prompt }, usage };
  const options = { name: functionName, type: OpikSpanType.Llm, projectName: "bench", enrichSpan: () => about };
  const ask = track(options, (input: Input) => model.ask(input)) as (input: Input) => Promise<Answer>;
  return { call: async (input) => textOf(await ask(input)), flush: () => flushAll() };
}
