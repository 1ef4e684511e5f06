import { UptakeError } from "../domain/errors.ts";

/** For a command that needs a Langfuse where none is set; `consequence` says what cannot be done. */
export function noLangfuse(consequence: string): UptakeError {
  const message =
    `LANGFUSE_PUBLIC_KEY: no Langfuse keys are set, so there is nothing to ${consequence}; ` +
    "set LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY and LANGFUSE_BASE_URL";
  return new UptakeError("invalid_configuration", message);
}
