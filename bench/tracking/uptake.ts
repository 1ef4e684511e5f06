import type * as UptakeModule from "../../src/index.ts";
import type { Arm, Place } from "./arm.ts";
import { functionName, metadata, model, modelName, modelParameters, prompt, textOf } from "./workload.ts";
import type { Input } from "./workload.ts";

/** What is shipped, as an application has it: the built package with its spool, over a real Postgres. */
export async function createUptakeArm(durability: "commit" | "background", place: Place): Promise<Arm> {
  const { databaseUrl, spoolDir, sinkUrl, mirrorsHere } = place;
  const entry = new URL("../../../../../dist/index.js", import.meta.url);
  const { createUptake } = (await import(entry.href)) as typeof UptakeModule;
  const langfuse = { publicKey: "pk-lf-stand-in", secretKey: "sk-lf-stand-in", baseUrl: sinkUrl };
  const uptake = createUptake({
    databaseUrl,
    spoolDir,
    durability,
    environment: "bench",
    worker: mirrorsHere,
    langfuse: mirrorsHere ? langfuse : undefined,
  });
  await uptake.start();
  // The function gets a ticket and looks its thread up, so that the messages are recorded once, as in the other arms; the
  // answer is recorded twice, as the generation's output and as the suggestion.
  let thread: Input | undefined;
  const draft = uptake.track(functionName, async ({ ticketId }: { ticketId: string }, run) => {
    const input = thread;
    if (input?.ticketId !== ticketId) throw new Error(`no thread for ${ticketId}`);
    const request = { model: modelName, modelParameters, messages: input.messages, prompt };
    const answer = await run.generate(request, () => model.ask(input));
    return run.suggest(textOf(answer), { confidence: 0.8, ticketId, metadata }).text;
  });
  return {
    call(input) {
      // The function begins before this returns, so one place is enough; a Map would cost as much as some of the tracking.
      thread = input;
      return draft({ ticketId: input.ticketId });
    },
    async flush() {
      // A flush gives up after five seconds and says how much is missing; whoever measures ends a wait without end.
      let isDone = false;
      while (!isDone) {
        isDone = await uptake.flush().then(
          () => true,
          () => false,
        );
      }
    },
  };
}
