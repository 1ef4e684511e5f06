import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What dist/ is built from. */
const SOURCES = ["src", "dashboard"];

/** Whether dist/ was finished after the last change of its sources. The folder of the SQL is the last of src/ to be made. */
function isBuilt(): boolean {
  const copied = join(root, "dist/store/migrations");
  if (!existsSync(copied)) return false;
  const builtAt = statSync(copied).mtimeMs;
  return SOURCES.every((folder) => {
    const sources = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
    return sources.every((source) => statSync(join(root, folder, source)).mtimeMs < builtAt);
  });
}

/** Builds dist/ where it is older than its sources: child processes and the embedded database's thread run the built files. */
export function setup(): void {
  if (process.env["UPTAKE_SKIP_BUILD"] === "1" || isBuilt()) return;
  const built = spawnSync(process.execPath, ["scripts/build.mjs"], { cwd: root, stdio: "inherit" });
  if (built.status !== 0)
    throw new Error("the build failed: tests run against dist/. UPTAKE_SKIP_BUILD=1 uses the dist/ that is there.");
}
