/**
 * The limit: posts prepared requests, as many side by side as the mirror has lanes. A child process: the first message
 * holds the requests, every other one starts a round and is answered when all of them have been answered.
 */
import type { Posted } from "./sink.ts";

export type PosterOrder =
  | { readonly kind: "load"; readonly requests: readonly Posted[]; readonly lanes: number }
  | { readonly kind: "post"; readonly baseUrl: string };

let requests: readonly Posted[] = [];
let lanes = 1;

async function post(baseUrl: string): Promise<void> {
  const left = requests.values();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const { path, headers, body } of left) {
        const response = await fetch(`${baseUrl}${path}`, { method: "POST", headers, body, redirect: "manual" });
        await response.text();
        if (!response.ok) throw new Error(`POST ${path} answered ${response.status}`);
      }
    }),
  );
}

process.on("message", (order: PosterOrder) => {
  if (order.kind === "post") void post(order.baseUrl).then(() => process.send?.("posted"));
  else {
    ({ requests, lanes } = order);
    process.send?.("loaded");
  }
});
process.on("disconnect", () => process.exit());
