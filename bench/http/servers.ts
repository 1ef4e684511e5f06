import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export type BenchServer = { readonly url: string; readonly pid: number; stop(): void };

/** The bare server. */
export const startFloor = (databaseUrl: string): Promise<BenchServer> =>
  start([`${root}bench/http/floor.mjs`, databaseUrl], {}, /^(\d+)$/mu);

/** `uptake serve`, with its mirror idle for want of a Langfuse, and its roller running. */
export const startUptake = (databaseUrl: string, scratch: string): Promise<BenchServer> =>
  start(
    [`${root}dist/cli/main.js`, "serve", "--port", "0"],
    { DATABASE_URL: databaseUrl, UPTAKE_RATE_LIMIT: "0", UPTAKE_SPOOL_DIR: `${scratch}/spool` },
    /serving http:\/\/127\.0\.0\.1:(\d+)/u,
  );

function start(args: readonly string[], env: Readonly<Record<string, string>>, said: RegExp): Promise<BenchServer> {
  const child = spawn(process.execPath, [...args], {
    cwd: root,
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new Promise((resolve, reject) => {
    let text = "";
    const look = (chunk: Buffer): void => {
      text += chunk.toString();
      const port = said.exec(text)?.[1];
      if (port === undefined) return;
      resolve({ url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop: () => void child.kill("SIGTERM") });
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
}
