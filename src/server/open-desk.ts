import type { Config, LangfuseKeys, OpenaiAccess } from "../config/config.ts";
import { type AgentFunctions, createAgentFunctions } from "../desk/agent-functions.ts";
import { createDeskStore, type DeskStore } from "../desk/desk-store.ts";
import { GENERATE_RESPONSE } from "../desk/generate-response.ts";
import { messagesOf } from "../desk/prompt-template.ts";
import { createPrompts, filePrompts, type Prompts } from "../desk/prompts.ts";
import { createRetriever, type Retriever } from "../desk/retrieve.ts";
import type { PromptSelector } from "../domain/desk-settings.ts";
import type { Logger } from "../domain/logger.ts";
import { createPromptReader } from "../langfuse/prompt-api.ts";
import type { Model } from "../models/model.ts";
import { createOfflineServer } from "../models/offline-server.ts";
import { createModel } from "../models/openai-model.ts";
import { OFFLINE_MODEL } from "../models/tokens.ts";
import { createTracker, type Tracker } from "../track/tracker.ts";
import type { Parts } from "./assemble.ts";
import type { Closers } from "./closers.ts";

const MODEL_TIMEOUT_MS = 60_000;
/** A person waits for the first answer; after that the prompt's file will do. */
const PROMPT_TIMEOUT_MS = 3_000;

/** The support desk over the parts: its tables, its retriever, and its agent functions. */
export type Desk = AgentFunctions & {
  readonly store: DeskStore;
  readonly retriever: Retriever;
  readonly model: Model;
  readonly prompts: Prompts;
  /** The same agent functions over another tracker. */
  withTracker(tracker: Pick<Tracker, "track">): AgentFunctions;
  /** The agent functions for another project in the database, with its own knowledge. */
  ofProject(projectId: string): AgentFunctions;
};

export type OpenDeskOptions = { readonly closers: Closers; readonly log: Logger };

/** Opens the model (starting the offline one where no key is set) and the desk around it. */
export async function openDesk(parts: Parts, config: Config, { closers, log }: OpenDeskOptions): Promise<Desk> {
  const { db, tracker, privacy } = parts;
  const { projectId, desk, langfuse } = config;
  const model = config.openai === null ? await startOfflineModel(closers) : modelAt(config.openai);
  const retriever = createRetriever({ db, projectId, now: Date.now });
  const prompts = langfuse === null ? filePrompts() : promptsFrom(langfuse, desk.prompts, log);
  const sendAbove = desk.autoSend.get(GENERATE_RESPONSE);
  const shared = { db, model, prompts, sendAbove, storedText: privacy.suggestion, now: Date.now };
  const withTracker = (given: Pick<Tracker, "track">): AgentFunctions =>
    createAgentFunctions({ ...shared, tracker: given, retriever, projectId });
  const own = withTracker(tracker);
  return {
    ...own,
    store: createDeskStore({ db, projectId }),
    retriever,
    model,
    prompts,
    withTracker,
    ofProject: (other) =>
      other === projectId
        ? own
        : createAgentFunctions({
            ...shared,
            tracker: trackerOf(other, parts, { config, log }),
            retriever: createRetriever({ db, projectId: other, now: Date.now }),
            projectId: other,
          }),
  };
}

function trackerOf(
  projectId: string,
  { recorder, costOf, modelBudget }: Pick<Parts, "recorder" | "costOf" | "modelBudget">,
  { config, log }: { readonly config: Config; readonly log: Logger },
): Tracker {
  const { environment, release } = config;
  const admitModelCall = modelBudget?.(projectId);
  return createTracker({ recorder, projectId, environment, release, now: Date.now, log, costOf, admitModelCall });
}

async function startOfflineModel(closers: Closers): Promise<Model> {
  const server = createOfflineServer();
  closers.push(() => server.close());
  const { baseUrl } = await server.start();
  return createModel({ baseUrl, apiKey: "not-needed", model: OFFLINE_MODEL, timeoutMs: MODEL_TIMEOUT_MS });
}

const modelAt = ({ apiKey, baseUrl, model }: OpenaiAccess): Model =>
  createModel({ apiKey, model, timeoutMs: MODEL_TIMEOUT_MS, ...(baseUrl === null ? {} : { baseUrl }) });

function promptsFrom(keys: LangfuseKeys, selectors: Config["desk"]["prompts"], log: Logger): Prompts {
  const readPrompt = createPromptReader({ ...keys, fetch: globalThis.fetch, timeoutMs: PROMPT_TIMEOUT_MS });
  const fetchPrompt = async (selector: PromptSelector) => {
    const { name, version, prompt } = await readPrompt(selector);
    return { reference: { name, version }, messages: typeof prompt === "string" ? messagesOf(prompt) : prompt };
  };
  return createPrompts({ selectors, fetchPrompt, log, now: Date.now });
}
