import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);

function step(command: string, args: readonly string[], cwd: URL): void {
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed in ${fileURLToPath(cwd)}`);
}

const MEASURED = [
  "@opentelemetry/sdk-trace-base",
  "@langfuse/tracing",
  "langsmith",
  "opik",
  "braintrust",
  "@lmnr-ai/lmnr",
];

/** Names and versions of the SDKs that are measured against, for the report. */
export function peerVersions(): string {
  const file = new URL("bench/peers/package.json", root);
  const { dependencies } = JSON.parse(readFileSync(file, "utf8")) as { dependencies: Record<string, string> };
  return MEASURED.map((name) => `${name} ${dependencies[name] ?? "?"}`).join(", ");
}

/**
 * Installs the peers where they are missing, builds the package, and compiles the children: what runs TypeScript directly
 * wraps every closure, which would be counted. UPTAKE_SKIP_BUILD=1 takes the dist/ that is there.
 */
export function prepare(): void {
  const peers = new URL("bench/peers/", root);
  if (!existsSync(new URL("node_modules/", peers))) {
    // Not `ci`, which asks for the binaries of every platform in the lockfile, some of which were never published.
    step("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"], peers);
  }
  if (process.env["UPTAKE_SKIP_BUILD"] !== "1") step(process.execPath, ["scripts/build.mjs"], root);
  step("npx", ["tsc", "-p", "bench/peers/tsconfig.json"], root);
}
