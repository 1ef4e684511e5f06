import { createUptake } from "../../src/create-uptake.ts";
import { silentLogger } from "../../src/domain/logger.ts";

/** What must be shown as the text that it is. */
export const HOSTILE = `<img src=x onerror="document.title='taken over'"> <a href="javascript:alert(1)">https://evil.example</a>`;

/** Markup in everything that an application, its customer, an agent or a model can write; resolves to the suggestion's id. */
export async function recordHostileSuggestion(dataDir: string): Promise<string> {
  const uptake = createUptake({ dataDir, environment: "default", worker: false, reasons: "open", log: silentLogger });
  const suggest = uptake.track(HOSTILE, async (_: { readonly question: string }, run) => {
    await run.observe(HOSTILE, { type: "retriever", input: HOSTILE }, () => Promise.resolve(HOSTILE));
    return run.suggest(HOSTILE, { ticketId: HOSTILE });
  });
  const { suggestionId } = await suggest({ question: HOSTILE });
  const act = { suggestionId, reason: HOSTILE, comment: HOSTILE, agentId: HOSTILE };
  await uptake.feedback({ ...act, type: "revision", finalText: `${HOSTILE} and more` });
  await uptake.close();
  return suggestionId;
}
