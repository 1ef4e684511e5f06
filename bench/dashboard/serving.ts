import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export type Serving = { readonly url: string; stop(): Promise<void> };

/** The built `uptake serve` over a database, in a process of its own; without a limit to how often it is asked. */
export async function serveOver(databaseUrl: string): Promise<Serving> {
  const folder = mkdtempSync(join(tmpdir(), "uptake-bench-dashboard-"));
  const child = spawn(process.execPath, [main, "serve", "--port", "0"], {
    cwd: folder,
    env: { PATH: process.env["PATH"], DATABASE_URL: databaseUrl, UPTAKE_RATE_LIMIT: "0" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
  });
  let said = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
      const found = /serving (http:\S+)/u.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("close", () => reject(new Error(`uptake serve ended; it said:\n${said}`)));
  });
  return {
    url,
    async stop() {
      child.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
