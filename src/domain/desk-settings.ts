/** The support desk's agent functions, by the names of the host's edge functions. */
export const DESK_FUNCTIONS = ["generate-message-suggestion", "generate-response", "classify-ticket"] as const;
export type DeskFunction = (typeof DESK_FUNCTIONS)[number];

/** Which prompt of Langfuse: by label, or one version of it. */
export type PromptSelector =
  | { readonly name: string; readonly label: string }
  | { readonly name: string; readonly version: number };

/** How the desk's agent functions are run; everything is off by default. */
export type DeskSettings = {
  /** Above which confidence a reply is sent without a person; a function that is missing sends nothing by itself. */
  readonly autoSend: ReadonlyMap<DeskFunction, number>;
  /** Prompts that come from Langfuse; for the others the files that Uptake ships count. */
  readonly prompts: ReadonlyMap<DeskFunction, PromptSelector>;
  /** Agent functions whose pending rows a worker runs. */
  readonly runPending: readonly DeskFunction[];
  /** Pending rows that one worker runs at once. */
  readonly runConcurrency: number;
  /** Longest run of an agent function, in milliseconds. */
  readonly runTimeoutMs: number;
};

const isDeskFunction = (name: string): name is DeskFunction => DESK_FUNCTIONS.some((known) => known === name);

/** The parts between commas; undefined where one is empty. */
function partsOf(text: string): string[] | undefined {
  const parts = text.split(",").map((part) => part.trim());
  return parts.includes("") ? undefined : parts;
}

/** Reads names of agent functions; undefined for anything else. */
export function parseFunctions(text: string): readonly DeskFunction[] | undefined {
  const names = partsOf(text);
  return names?.every(isDeskFunction) === true ? [...new Set(names)] : undefined;
}

/** Reads `name=value,…` for different agent functions; undefined where a name is unknown or a value is none. */
function parseByFunction<Value>(
  text: string,
  parse: (value: string) => Value | undefined,
): ReadonlyMap<DeskFunction, Value> | undefined {
  const byFunction = new Map<DeskFunction, Value>();
  for (const part of partsOf(text) ?? [""]) {
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(at, 0)).trim();
    const value = parse(part.slice(at + 1).trim());
    if (!isDeskFunction(name) || value === undefined || byFunction.has(name)) return undefined;
    byFunction.set(name, value);
  }
  return byFunction;
}

/**
 * Reads thresholds such as `generate-response=0.9`; undefined for anything else. Only a first reply can be sent without a
 * person: a classification is no message, and a suggestion in the middle of a conversation is for whoever holds it.
 */
export function parseAutoSend(text: string): ReadonlyMap<DeskFunction, number> | undefined {
  const thresholds = parseByFunction(text, (value) => {
    const threshold = /^(?:0?\.\d{1,6}|[01](?:\.0+)?)$/u.test(value) ? Number(value) : undefined;
    return threshold !== undefined && threshold > 0 ? threshold : undefined;
  });
  return thresholds !== undefined && [...thresholds.keys()].every((name) => name === "generate-response")
    ? thresholds
    : undefined;
}

/** Reads `generate-message-suggestion=langfuse:reply@production,…`; undefined for anything else. */
export const parsePrompts = (text: string): ReadonlyMap<DeskFunction, PromptSelector> | undefined =>
  parseByFunction(text, parsePromptSelector);

const PROMPT = /^langfuse:(?<name>[^@,=]{1,200})@(?<which>[a-z0-9_\-.]{1,36})$/u;

/** Reads `langfuse:name@label` or `langfuse:name@version`; digits alone are a version. */
export function parsePromptSelector(text: string): PromptSelector | undefined {
  const { name, which } = PROMPT.exec(text)?.groups ?? {};
  if (name === undefined || which === undefined) return undefined;
  return /^\d{1,5}$/u.test(which) ? { name, version: Number(which) } : { name, label: which };
}

/** The same text again, for messages. */
export const promptSelectorText = (selector: PromptSelector): string =>
  `langfuse:${selector.name}@${"label" in selector ? selector.label : selector.version}`;
