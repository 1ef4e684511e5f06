import type { ConfigProblem, FoundValues, OpenaiAccess } from "./config.ts";

/** The model that is asked when a key or a base URL is set and no model is named. */
const DEFAULT_MODEL = "gpt-4.1-mini";
/** The `openai` package refuses to start without any key; servers that need none ignore this one. */
const NO_KEY = "not-needed";

/** How to reach the model; `null` is the offline model. A base URL alone is enough, as local servers need no key. */
export function readOpenai(values: FoundValues, problems: ConfigProblem[]): OpenaiAccess | null {
  const apiKey = values.get("openaiApiKey")?.text;
  const baseUrl = values.get("openaiBaseUrl")?.text ?? null;
  const model = values.get("model");
  if (apiKey !== undefined || baseUrl !== null) {
    return { apiKey: apiKey ?? NO_KEY, baseUrl, model: model?.text ?? DEFAULT_MODEL };
  }
  const wrongAccess = problems.some(({ option }) => option === "openaiApiKey" || option === "openaiBaseUrl");
  if (model !== undefined && !wrongAccess) {
    // Answering with the offline model although another one was named would be a silent lie.
    problems.push({
      option: "model",
      place: model.place ?? "model",
      value: model.text,
      problem: `names ${JSON.stringify(model.text)} and nothing says whom to ask for it`,
      expected: "OPENAI_API_KEY or OPENAI_BASE_URL beside it",
      remedy: "set one of them, or unset UPTAKE_MODEL for the offline model",
    });
  }
  return null;
}
