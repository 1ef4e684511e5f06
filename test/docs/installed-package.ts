import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../server/run-program.ts";

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

/**
 * Unpacks what npm would publish below `place/node_modules`, with links to the dependencies of this checkout, so that folders
 * in `place` have `npx uptake` and `import "uptake"`. Returns the folder of programs that stand before the machine's own.
 */
export function installPackage(place: string): string {
  const packed = join(place, "packed");
  mkdirSync(packed, { recursive: true });
  run("npm", ["pack", root, "--ignore-scripts", "--loglevel=error"], packed);
  const [file = ""] = readdirSync(packed);
  run("tar", ["-xzf", file], packed);

  const modules = join(place, "node_modules");
  mkdirSync(join(modules, ".bin"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules")).filter((name) => !name.startsWith("."))) {
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  run("mv", [join(packed, "package"), join(modules, "uptake")], place);
  const main = join(modules, "uptake/dist/cli/main.js");
  chmodSync(main, 0o755);
  symlinkSync(main, join(modules, ".bin/uptake"));
  return writePrograms(place, main);
}

/** `uptake` itself, and a `curl` that fails where the answer is an error. */
function writePrograms(place: string, main: string): string {
  const bin = join(place, "bin");
  mkdirSync(bin);
  symlinkSync(main, join(bin, "uptake"));
  const curl = ["/usr/bin/curl", "/usr/local/bin/curl"].find((path) => existsSync(path)) ?? "curl-is-not-installed";
  writeFileSync(join(bin, "curl"), `#!/bin/sh\nexec ${curl} -sS --fail-with-body "$@"\n`, { mode: 0o755 });
  return bin;
}
