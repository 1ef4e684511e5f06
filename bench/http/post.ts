import { Agent, request } from "node:http";

/** The answer of a server that cannot just now; it says when to try again. */
const LATER = 503;
const LATER_MS = 1_000;

/** Posts over connections that are kept, as many as it takes; resolves to the answer's JSON once it is whole. Throws for any refusal but "later". */
export type Poster = { post(this: void, path: string, body: unknown): Promise<unknown>; close(this: void): void };

export function createPoster(url: string): Poster {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const post = (path: string, body: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const bytes = Buffer.from(JSON.stringify(body));
      const headers = { "content-type": "application/json", "content-length": bytes.length };
      const sent = request(url + path, { method: "POST", agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const status = response.statusCode ?? 0;
          if (status < 300 && status !== 207) resolve(JSON.parse(text));
          else if (status === LATER) setTimeout(() => void post(path, body).then(resolve, reject), LATER_MS);
          else reject(new Error(`${path} answered ${status}: ${text.slice(0, 300)}`));
        });
      });
      sent.on("error", reject);
      sent.end(bytes);
    });
  return { post, close: () => agent.destroy() };
}
