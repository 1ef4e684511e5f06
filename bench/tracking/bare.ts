import type { Arm } from "./arm.ts";
import { model, textOf } from "./workload.ts";

export function createArm(): Arm {
  return { call: async (input) => textOf(await model.ask(input)), async flush() {} };
}
