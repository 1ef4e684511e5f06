import { type DeskFunction, type PromptSelector, promptSelectorText } from "../domain/desk-settings.ts";
import { UptakeError } from "../domain/errors.ts";
import type { Logger } from "../domain/logger.ts";
import { createCachedPrompt } from "./cached-prompt.ts";
import { PROMPT_FILES, readPromptFile } from "./prompt-files.ts";
import { placeholdersOf, type PromptTemplate } from "./prompt-template.ts";

/** Where the agent functions have their prompts from. Never rejects: there is always a file. */
export type Prompts = (functionName: DeskFunction) => Promise<PromptTemplate>;

/** The files that Uptake ships, and nothing else. */
export function filePrompts(): Prompts {
  const templates = new Map<DeskFunction, PromptTemplate>();
  return async (functionName) => {
    const template = templates.get(functionName) ?? readPromptFile(functionName);
    templates.set(functionName, template);
    return template;
  };
}

export type PromptsOptions = {
  /** By agent function; what is missing here is a file. */
  readonly selectors: ReadonlyMap<DeskFunction, PromptSelector>;
  /** Asks Langfuse once, within a time limit; rejects where it is away or has no such prompt. */
  readonly fetchPrompt: (selector: PromptSelector) => Promise<PromptTemplate>;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How long a prompt found by label counts as fresh. */
  readonly freshMs?: number;
  /** Pause after a failure. */
  readonly retryMs?: number;
};

/**
 * Prompts from Langfuse with the files behind them. The first call waits for Langfuse; later ones get what is known at
 * once, while what is older than `freshMs` is asked for again beside them. A version of a prompt never changes and
 * is asked for once.
 *
 * @example
 * const prompts = createPrompts({ selectors: new Map([["classify-ticket", { name: "classify", label: "production" }]]), ... });
 * const { reference, messages } = await prompts("classify-ticket");
 */
export function createPrompts(options: PromptsOptions): Prompts {
  const { fetchPrompt, log, now, freshMs = 60_000, retryMs = 10_000 } = options;
  const files = filePrompts();
  const cached = new Map(
    [...options.selectors].map(([functionName, selector]) => {
      const cache = createCachedPrompt({
        load: async () => checked(await fetchPrompt(selector), functionName),
        freshMs: "version" in selector ? Number.POSITIVE_INFINITY : freshMs,
        retryMs,
        now,
        onFailure(error, isKnown) {
          const facts = { functionName, prompt: promptSelectorText(selector), message: messageOf(error) };
          log.warn("desk.prompt_unavailable", {
            ...facts,
            used: isKnown ? "the last one" : "file",
            retryInMs: retryMs,
          });
        },
      });
      return [functionName, cache];
    }),
  );
  return async (functionName) => {
    const cache = cached.get(functionName);
    return cache === undefined ? files(functionName) : ((await cache()) ?? insteadOf(await files(functionName)));
  };
}

/**
 * A file that stands in for a prompt of Langfuse, whose versions count from 1 as well: under a version that Langfuse cannot
 * look up, so that neither its links nor the metrics by version mix the two.
 */
const insteadOf = ({ reference, messages }: PromptTemplate): PromptTemplate => ({
  reference: { name: reference.name, version: `file:${reference.version}` },
  messages,
});

/** Refuses a prompt that would not show the model what it is about. */
function checked(template: PromptTemplate, functionName: DeskFunction): PromptTemplate {
  const has = placeholdersOf(template.messages);
  const missing = PROMPT_FILES[functionName].needs.filter((name) => !has.has(name)).map((name) => `{{${name}}}`);
  if (missing.length === 0) return template;
  const { name, version } = template.reference;
  throw new UptakeError(
    "invalid_configuration",
    `prompt ${name} version ${version} has no ${missing.join(", ")}; ${functionName} needs them, so add them in a new version`,
    { facts: { name, version, missing } },
  );
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
