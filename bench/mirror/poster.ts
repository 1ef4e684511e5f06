/**
 * The limit: posts prepared requests, as many side by side as the mirror has lanes. A child process: the first message
 * holds the requests, every other one starts a round and is answered when all of them have been answered.
 */
import { promisify } from "node:util";
import { gunzipSync, gzip } from "node:zlib";
import type { Posted } from "./receiver.ts";

export type PosterOrder =
  | { readonly kind: "load"; readonly requests: readonly Posted[]; readonly lanes: number }
  /** `compresses`: what went compressed is prepared as text, and compressed on the way as the mirror does it. */
  | { readonly kind: "post"; readonly baseUrl: string; readonly compresses: boolean };

type Prepared = Posted & { readonly text: Buffer | undefined };

const gzipped = promisify(gzip);
const asTheMirror = { level: 3, chunkSize: 262_144 };

let requests: readonly Prepared[] = [];
let lanes = 1;

async function post(baseUrl: string, compresses: boolean): Promise<void> {
  const left = requests.values();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const { path, headers, body: prepared, text } of left) {
        const body = compresses && text !== undefined ? await gzipped(text, asTheMirror) : prepared;
        const response = await fetch(`${baseUrl}${path}`, { method: "POST", headers, body, redirect: "manual" });
        await response.text();
        if (!response.ok) throw new Error(`POST ${path} answered ${response.status}`);
      }
    }),
  );
}

process.on("message", (order: PosterOrder) => {
  if (order.kind === "post") void post(order.baseUrl, order.compresses).then(() => process.send?.("posted"));
  else {
    lanes = order.lanes;
    requests = order.requests.map((posted) => {
      const text = posted.headers["content-encoding"] === "gzip" ? gunzipSync(posted.body) : undefined;
      return { ...posted, text };
    });
    process.send?.("loaded");
  }
});
process.on("disconnect", () => process.exit());
