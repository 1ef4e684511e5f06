import { UptakeError } from "../domain/errors.ts";

/** A model's structured answer, and what to throw where it is not what was asked for. */
export type StructuredAnswer = {
  readonly answer: unknown;
  readonly malformed: (problem: string, cause?: unknown) => UptakeError;
};

/** Reads the JSON of a model's structured answer. Throws `model_failed` where it is none. */
export function readStructured(content: string, modelName: string): StructuredAnswer {
  const malformed = (problem: string, cause?: unknown) =>
    new UptakeError(
      "model_failed",
      `model ${modelName} gave a malformed answer: ${problem}; use a model that supports structured output (json_schema)`,
      { facts: { model: modelName, problem }, cause },
    );
  try {
    return { answer: JSON.parse(content), malformed };
  } catch (cause) {
    throw malformed("it is not JSON", cause);
  }
}
