// Builds dist/: compiles src/ with tsc, copies what tsc leaves behind (SQL, sample data, prompts), makes the cluster that
// a new embedded database starts from and bundles the dashboard. Made beside the old dist/ and put in its place at the
// end, so that whatever runs from it meanwhile finds its files.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join, resolve } from "node:path";
import { build } from "vite";
import { makeCluster } from "./make-cluster.mjs";

const copied = new Set([".sql", ".json", ".md"]);
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
const made = `dist.${process.pid}`;

const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", made], {
  stdio: "inherit",
});
if (status !== 0) {
  rmSync(made, { recursive: true, force: true });
  process.exit(status ?? 1);
}

for (const entry of readdirSync("src", { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !copied.has(extname(entry.name))) continue;
  const from = join(entry.parentPath, entry.name);
  cpSync(from, join(made, from.slice("src/".length)));
}
chmodSync(join(made, "cli/main.js"), 0o755);
cpSync(await makeCluster(), join(made, "store/embedded-cluster.tgz"));
// React is bundled as this says, and whoever builds may have said otherwise: in vitest's it would be the development build.
process.env["NODE_ENV"] = "production";
await build({ root: "dashboard", logLevel: "warn", build: { outDir: resolve(made, "dashboard"), emptyOutDir: true } });

if (existsSync("dist")) renameSync("dist", `${made}.old`);
renameSync(made, "dist");
rmSync(`${made}.old`, { recursive: true, force: true });
