import { type DeskSettings, parseAutoSend, parseFunctions, parsePrompts } from "../domain/desk-settings.ts";
import { parseSpan } from "../domain/expiry.ts";
import type { ConfigProblem, FoundValues, LangfuseKeys } from "./config.ts";

/** A timer of Node's holds no more; nobody waits for 24 days either. */
const NEVER_MS = 2_147_483_647;

/** How the desk's agent functions are run. Prompts from a Langfuse that nobody has named are refused. */
export function readDesk(values: FoundValues, langfuse: LangfuseKeys | null, problems: ConfigProblem[]): DeskSettings {
  const text = (key: Parameters<FoundValues["get"]>[0]): string => values.get(key)?.text ?? "";
  const prompts = values.get("prompts");
  if (prompts !== undefined && langfuse === null && !problems.some(({ option }) => option.startsWith("langfuse"))) {
    problems.push({
      option: "prompts",
      place: prompts.place ?? "prompts",
      value: prompts.text,
      problem: "names prompts of Langfuse and no Langfuse keys are set",
      expected: "LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY beside it",
      remedy: "set both keys, or unset it to use the prompts that Uptake ships",
    });
  }
  return {
    autoSend: parseAutoSend(text("autoSend")) ?? new Map(),
    prompts: parsePrompts(text("prompts")) ?? new Map(),
    runPending: parseFunctions(text("runPending")) ?? [],
    runConcurrency: Number(text("runConcurrency")),
    runTimeoutMs: Math.min(parseSpan(text("runTimeout")) ?? NEVER_MS, NEVER_MS),
  };
}
