import type { Config, OpenaiAccess } from "../config/config.ts";
import { createDeskStore, type DeskStore } from "../desk/desk-store.ts";
import {
  createGenerateMessageSuggestion,
  type GenerateMessageSuggestion,
} from "../desk/generate-message-suggestion.ts";
import { createRetriever, type Retriever } from "../desk/retrieve.ts";
import type { Model } from "../models/model.ts";
import { createOfflineServer } from "../models/offline-server.ts";
import { createModel } from "../models/openai-model.ts";
import { OFFLINE_MODEL } from "../models/tokens.ts";
import type { Parts } from "./assemble.ts";
import type { Closers } from "./closers.ts";

const MODEL_TIMEOUT_MS = 60_000;

/** The support desk over the parts: its tables, its retriever, and its agent function. */
export type Desk = {
  readonly store: DeskStore;
  readonly retriever: Retriever;
  readonly model: Model;
  readonly generate: GenerateMessageSuggestion;
};

/** Opens the model (starting the offline one where no key is set) and the desk around it. */
export async function openDesk(parts: Parts, config: Config, closers: Closers): Promise<Desk> {
  const { db, tracker } = parts;
  const { projectId } = config;
  const model = config.openai === null ? await startOfflineModel(closers) : modelAt(config.openai);
  const retriever = createRetriever({ db, projectId, now: Date.now });
  const generate = createGenerateMessageSuggestion({ tracker, db, model, retriever, projectId });
  return { store: createDeskStore({ db, projectId }), retriever, model, generate };
}

async function startOfflineModel(closers: Closers): Promise<Model> {
  const server = createOfflineServer();
  closers.push(() => server.close());
  const { baseUrl } = await server.start();
  return createModel({ baseUrl, apiKey: "not-needed", model: OFFLINE_MODEL, timeoutMs: MODEL_TIMEOUT_MS });
}

const modelAt = ({ apiKey, baseUrl, model }: OpenaiAccess): Model =>
  createModel({ apiKey, model, timeoutMs: MODEL_TIMEOUT_MS, ...(baseUrl === null ? {} : { baseUrl }) });
