import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);

function step(command: string, args: readonly string[], cwd: URL): void {
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed in ${fileURLToPath(cwd)}`);
}

/**
 * Installs the peers where they are missing, builds the package, and compiles the children: what runs TypeScript directly
 * wraps every closure, which would be counted. UPTAKE_SKIP_BUILD=1 takes the dist/ that is there.
 */
export function prepare(): void {
  const peers = new URL("bench/peers/", root);
  if (!existsSync(new URL("node_modules/", peers))) {
    step("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], peers);
  }
  if (process.env["UPTAKE_SKIP_BUILD"] !== "1") step(process.execPath, ["scripts/build.mjs"], root);
  step("npx", ["tsc", "-p", "bench/peers/tsconfig.json"], root);
}
