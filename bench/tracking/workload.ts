import { setTimeout as sleep } from "node:timers/promises";

// One call as a support desk makes it: about 2 kB of messages in, 600 bytes out, with model, parameters, usage, prompt
// and metadata. Every arm records all of it.

export type Message = { readonly role: string; readonly content: string };
export type Input = { readonly call: number; readonly ticketId: string; readonly messages: readonly Message[] };
export type Answer = {
  readonly model: string;
  readonly choices: readonly { readonly message: Message }[];
  readonly usage: typeof usage;
};

export const functionName = "generate-message-suggestion";
export const modelName = "gpt-4.1-mini";
export const modelParameters = { temperature: 0.2, max_tokens: 400, top_p: 1 };
export const metadata = { team: "support", locale: "en", channel: "e-mail", attempt: 1 };
export const prompt = { name: "reply", version: 7 };
export const usage = { prompt_tokens: 512, completion_tokens: 148, total_tokens: 660 };

export function inputOf(call: number): Input {
  const thread = `Call ${call}: my order has not arrived and nobody answers my "letters".\nPlease help, it is urgent. `;
  return {
    call,
    ticketId: `ticket-${call}`,
    messages: [
      { role: "system", content: "You draft replies for a support desk. Be kind, short and correct. ".repeat(12) },
      { role: "user", content: thread.repeat(10) },
    ],
  };
}

/** The mark that says which call a record is of. It stands in the answer once, so that what comes twice shows. */
export const markOf = (call: number): string => `#call-${call}#`;
export const MARK = /#call-(\d+)#/g;

/** The model that every arm asks. Without a delay it answers at once, so that a call costs nothing but its tracking. */
export const model = {
  delayMs: 0,
  async ask({ call, ticketId }: Input): Promise<Answer> {
    if (model.delayMs > 0) await sleep(model.delayMs);
    const content = `${markOf(call)} ${`About ${ticketId}: thank you for writing, we found your parcel. `.repeat(9)}`;
    return { model: `${modelName}-2025-04-14`, choices: [{ message: { role: "assistant", content } }], usage };
  },
};

export const textOf = (answer: Answer): string => answer.choices[0]?.message.content ?? "";
