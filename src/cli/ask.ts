import { createInterface } from "node:readline";

/** Asks a question that is answered with yes unless said otherwise; without an answer it is no. */
export type Ask = (question: string, signal: AbortSignal) => Promise<boolean>;

export function createAsk({ input, output }: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream }): Ask {
  return (question, signal) =>
    new Promise((resolve) => {
      // No terminal mode: Ctrl-C is to stay a signal, which every command answers in the same way.
      const lines = createInterface({ input, output, terminal: false });
      const answer = (isYes: boolean): void => {
        resolve(isYes);
        lines.close();
      };
      signal.addEventListener("abort", () => answer(false), { once: true });
      lines.once("line", (line) => answer(/^(?:y|yes)?$/iu.test(line.trim())));
      lines.once("close", () => resolve(false));
      output.write(`${question} [Y/n] `);
    });
}
